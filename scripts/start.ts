/**
 * `npm start [-- OPTIONS]`: the whole chain on this machine: the registry is validated, built and
 * signed with this clone's development key, shown as a site, and served by the gateway.
 *
 *   --site-port N      site and APIs on 127.0.0.1:N (4321)
 *   --gateway-port N   MCP endpoint on 127.0.0.1:N (8811)
 *   --servers A,B      servers that the gateway offers (everything,sequential-thinking,context7)
 *   --isolation MODE   auto, container, bubblewrap or none (auto)
 */
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { runScript } from './run-script.ts';
import { startGateway } from './start/gateway.ts';
import { prepare } from './start/prepare.ts';
import { serveSite } from './start/serve-site.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      'site-port': { type: 'string', default: '4321' },
      'gateway-port': { type: 'string', default: '8811' },
      servers: { type: 'string', default: 'everything,sequential-thinking,context7' },
      isolation: { type: 'string', default: 'auto' },
    },
  });
  const sitePort = portOf('--site-port', values['site-port']);
  const gatewayPort = portOf('--gateway-port', values['gateway-port']);
  await prepare(console.error);

  const site = await serveSite('dist/site', sitePort);
  const gateway = await startGateway({
    port: gatewayPort,
    servers: values.servers,
    isolation: values.isolation,
  }).catch(async (error) => {
    await site.close();
    throw error;
  });

  console.log(`
  Site      ${site.url}
  APIs      ${site.url}v0.1/servers  ${site.url}catalog.json
  Gateway   ${gateway.url}  (bearer token in ${gateway.tokenFile})
  Isolation ${gateway.isolation}

  Put this into the configuration of an MCP client, e.g. .mcp.json for Claude Code:

${gateway.snippet.replace(/^/gm, '    ')}

  Ctrl-C stops everything.
`);

  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    gateway.ended.then(resolve);
  });
  await Promise.all([gateway.close(), site.close()]);
  if (gateway.failed()) {
    throw new PortolanError(
      'failed',
      'GATEWAY_ENDED',
      'the gateway ended; its last words are above',
    );
  }
});

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new PortolanError(
    'usage',
    'PORT_INVALID',
    `${option} ${text} is not a port from 1 to 65535`,
  );
}
