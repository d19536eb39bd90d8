// The gateway as a process of its own, for measurements: `bench-gateway.ts stdio|http COMMAND ...`
// or `... http URL`. Without isolation, so that the relay alone is measured. Prints its port.
import { serveHttp } from '../../gateway/endpoint/http.ts';
import { serveStdio } from '../../gateway/endpoint/stdio.ts';
import { createGateway } from '../../gateway/relay/gateway.ts';
import { openHttpChannel } from '../../gateway/relay/http-channel.ts';
import { openPlainChannel } from './plain-channel.ts';

const [front, target = '', ...args] = process.argv.slice(2);
const gateway = createGateway({
  info: { name: 'portolan', version: '0.0.0' },
  log: (line) => console.error(line),
  upstreams: [
    {
      name: 'echo',
      fingerprint: 'echo',
      stateful: false,
      open: async () =>
        target.startsWith('http')
          ? openHttpChannel({ url: target, transport: 'streamable-http' })
          : openPlainChannel([target, ...args]),
    },
  ],
});

if (front === 'stdio') {
  const { closed } = serveStdio(gateway, { stdin: process.stdin, stdout: process.stdout });
  await closed;
  await gateway.close();
  process.exit();
}
const { port } = await serveHttp(gateway, { port: 0, tokens: [] });
console.log(JSON.stringify({ port }));
