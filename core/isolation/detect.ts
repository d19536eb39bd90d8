import { askBubblewrap } from './detect-bubblewrap.ts';
import { askEngine } from './detect-engine.ts';
import type { EngineApi } from './engine-api/find-api.ts';
import { ENGINES, type EngineName, type EngineTraits } from './engines.ts';

/** A container engine that answers. */
export interface Engine {
  readonly traits: EngineTraits;
  /** Absolute path of its client. */
  readonly program: string;
  readonly version: string;
  /** Runs without root on the host. */
  readonly rootless: boolean;
  /** Runs on this machine and sees its folders; false for a virtual or remote machine. */
  readonly local: boolean;
  /** How to attach to its containers without a client process for each; absent without a way. */
  readonly api?: EngineApi | undefined;
  /** Gives a container pipes of ours as its streams, so that messages do not pass through it. */
  readonly pipes?: boolean;
  /** Ceilings that it can hold. */
  readonly limits: { readonly memory: boolean; readonly cpus: boolean; readonly pids: boolean };
}

/** bubblewrap, as far as it works here. */
export interface Bubblewrap {
  readonly program: string;
  readonly version: string;
  /** A box may listen on ports below 1024 of its own private network. */
  readonly lowPorts: boolean;
}

/** What this machine can do to keep servers in a box. */
export interface Detected {
  readonly engines: readonly Engine[];
  readonly bubblewrap: Bubblewrap | undefined;
  /** One sentence per engine or tool, for `portolan doctor`: what was found, or why it is no use. */
  readonly findings: readonly {
    readonly name: string;
    readonly usable: boolean;
    readonly text: string;
  }[];
}

/**
 * Looks for container engines and bubblewrap, and asks each whether it really works: a client
 * without a running engine does not count. The clients are asked with the user's environment, so
 * DOCKER_HOST, docker contexts and CONTAINERS_CONF hold.
 */
export async function detectIsolation(
  options: { readonly env?: NodeJS.ProcessEnv; readonly engine?: EngineName } = {},
): Promise<Detected> {
  const env = options.env ?? process.env;
  const wanted = ENGINES.filter(({ name }) => !options.engine || name === options.engine);
  const [engines, bubblewrap] = await Promise.all([
    Promise.all(wanted.map((traits) => askEngine(traits, env))),
    askBubblewrap(env),
  ]);
  const all = [...engines, bubblewrap];
  return {
    engines: engines.flatMap(({ engine }) => (engine ? [engine] : [])),
    bubblewrap: bubblewrap.bubblewrap,
    findings: all.map(({ name, usable, text }) => ({ name, usable, text })),
  };
}
