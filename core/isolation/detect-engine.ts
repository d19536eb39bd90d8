import { hostname } from 'node:os';
import { type Answer, ask } from './ask.ts';
import type { Engine } from './detect.ts';
import { dockerApi, podmanApi } from './engine-api/find-api.ts';
import type { EngineTraits } from './engines.ts';
import { findProgram } from './find-program.ts';

/** Asks a container engine, through its client, what it is and what it can do. */
export async function askEngine(
  traits: EngineTraits,
  env: NodeJS.ProcessEnv,
): Promise<Answer & { engine?: Engine }> {
  const { name } = traits;
  const program = findProgram(name, env);
  if (!program) return { name, usable: false, text: `${name} is not installed.` };
  const { ok, stdout, fault } = await ask(program, traits.info, env, 20_000);
  const engine = ok ? readInfo(traits, program, stdout, env) : undefined;
  if (!engine) {
    return {
      name,
      usable: false,
      text: `${name} is installed (${program}), but its engine does not answer: ${fault || 'no server version'}. Start it, or set the variable or context that names it.`,
    };
  }
  const lacking = Object.entries(engine.limits).flatMap(([limit, held]) => (held ? [] : [limit]));
  return {
    name,
    usable: true,
    engine,
    text: `${name} ${engine.version} answers (${engine.rootless ? 'rootless' : 'as root'}, ${engine.local ? 'on this machine' : 'on another or a virtual machine'}); it is spoken with through ${wayOf(engine)}${lacking.length ? `; it cannot limit ${lacking.join(', ')}` : ''}.`,
  };
}

/** What carries the messages of a server. */
function wayOf({ api, pipes }: Engine): string {
  if (!api) return 'a client process for each server';
  return pipes ? 'pipes of Portolan' : 'its socket';
}

function readInfo(
  traits: EngineTraits,
  program: string,
  text: string,
  env: NodeJS.ProcessEnv,
): Engine | undefined {
  const info = parseRecord(text);
  if (traits.name === 'podman') {
    const host = recordOf(info.host);
    const version = recordOf(info.version).Version;
    if (typeof version !== 'string') return undefined;
    const rootless = recordOf(host.security).rootless === true;
    const controllers = Array.isArray(host.cgroupControllers) ? host.cgroupControllers : [];
    const local = host.serviceIsRemote !== true && process.platform === 'linux';
    const logs = recordOf(info.plugins).log;
    // Without root, version 1 control groups cannot be used at all.
    const has = (controller: string) =>
      controllers.includes(controller) && !(rootless && host.cgroupVersion === 'v1');
    return {
      traits,
      program,
      version,
      rootless,
      local,
      pipes:
        local &&
        Array.isArray(logs) &&
        logs.includes('passthrough') &&
        findProgram('mkfifo', env) !== undefined,
      api: podmanApi(host, version, env),
      limits: { memory: has('memory'), cpus: has('cpu'), pids: has('pids') },
    };
  }
  if (typeof info.ServerVersion !== 'string' || info.ServerVersion === '') return undefined;
  const security = Array.isArray(info.SecurityOptions) ? info.SecurityOptions.join() : '';
  return {
    traits,
    program,
    version: info.ServerVersion,
    rootless: security.includes('rootless'),
    // The engine's own name for its machine: DOCKER_HOST and contexts may lead anywhere.
    local: process.platform === 'linux' && info.Name === hostname(),
    api: traits.name === 'docker' ? dockerApi(recordOf(info.ClientInfo).Context, env) : undefined,
    limits: {
      memory: info.MemoryLimit !== false,
      cpus: info.CpuCfsQuota !== false && info.CPUCfsQuota !== false,
      pids: info.PidsLimit !== false,
    },
  };
}

function parseRecord(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
