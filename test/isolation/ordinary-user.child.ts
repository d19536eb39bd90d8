// Run by root as somebody else: starts a probe in bubblewrap and tells what it found.
import { detectIsolation } from '../../core/isolation/detect.ts';
import { probePlan, startProbe } from '../support/probe.ts';

const [port = ''] = process.argv.slice(2);
const detected = await detectIsolation({ engine: 'docker' });
const plan = probePlan(
  {
    parameters: { properties: { host: { type: 'string', description: 'A host.' } } },
    permissions: { resources: { pids: 60 }, network: { allow: [`{host}:${port}`, '{host}:443'] } },
  },
  { parameters: { host: 'service.test' } },
);
const options = {
  isolation: 'bubblewrap',
  detected,
  resolveHost: async () => ['127.0.0.1'],
} as const;
const probe = await startProbe(plan, options);
const request = { host: 'service.test', port: Number(port), send: 'GET / HTTP/1.0\r\n\r\n' };
const found = {
  lowPorts: detected.bubblewrap?.lowPorts,
  id: (await probe.call('id')).value,
  reached: (await probe.call('connect', request)).value,
  forked: (await probe.call('fork', { count: 40 })).value,
  hosts: (await probe.call('read_file', { path: '/etc/hosts' })).value,
  sysctl: await probe.call('write_file', {
    path: '/proc/sys/net/ipv4/ip_unprivileged_port_start',
    text: '1',
  }),
};
await probe.channel.close();
process.stdout.write(JSON.stringify(found));
