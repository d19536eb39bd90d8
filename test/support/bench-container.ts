// The gateway as a process of its own in front of containers, for measurements:
// `bench-container.ts IMAGE FOLDER pipes|socket|client COUNT [RUN_DIR]`. With a run folder it only makes the
// files of one launch there and prints the engine's exact command.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { writeBoxFiles } from '../../core/isolation/box-files.ts';
import { BOX_USER } from '../../core/isolation/bubblewrap.ts';
import {
  detectIsolation,
  inspectPlan,
  type LaunchPlan,
  launch,
} from '../../core/isolation/index.ts';
import { serveStdio } from '../../gateway/endpoint/stdio.ts';
import { createGateway } from '../../gateway/relay/gateway.ts';
import { podmanEnv } from './podman.ts';
import { probeEntry } from './probe.ts';

const [image = '', folder = '', way, count, runDir] = process.argv.slice(2);
const env = podmanEnv();
const found = await detectIsolation({ env, engine: 'podman' });
const engines = found.engines.map((engine) => ({
  ...engine,
  pipes: way === 'pipes',
  ...(way === 'client' ? { api: undefined } : {}),
}));
const options = {
  isolation: 'container',
  detected: { ...found, engines },
  env,
  allowedPaths: [folder],
} as const;

if (runDir) {
  mkdirSync(join(runDir, 'ID'), { recursive: true });
  writeBoxFiles(join(runDir, 'ID'), BOX_USER, []);
  const { command } = await inspectPlan(planOf('echo'), { ...options, runDir });
  console.log(JSON.stringify(command));
  process.exit();
}

const gateway = createGateway({
  info: { name: 'portolan', version: '0.0.0' },
  log: (line) => console.error(line),
  upstreams: Array.from({ length: Number(count) }, (_, index) => {
    const name = index === 0 ? 'echo' : `echo-${index}`;
    return {
      name,
      fingerprint: name,
      stateful: false,
      open: () => launch(planOf(name), options),
    };
  }),
});
const { closed } = serveStdio(gateway, { stdin: process.stdin, stdout: process.stdout });
await closed;
await gateway.close();
process.exit();

function planOf(name: string): LaunchPlan {
  const entry = probeEntry({
    name,
    npm: undefined as never,
    container: { image, command: ['/usr/local/bin/node', '/bench/echo-server.ts'] },
    parameters: { properties: { folder: { type: 'string', description: 'Folder.' } } },
    permissions: {
      network: 'none',
      volumes: [{ path: '{folder}', target: '/bench', access: 'read-only' }],
    },
  });
  return { entry, resolved: resolveEntry(entry, { parameters: { folder }, secrets: {} }) };
}
