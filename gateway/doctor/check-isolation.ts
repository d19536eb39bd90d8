import { findNpm } from '../../core/isolation/find-npm.ts';
import { type Detected, detectIsolation } from '../../core/isolation/index.ts';
import { describeError } from '../cli/report-error.ts';
import type { Check } from './check.ts';

/** Engines and bubblewrap, and what they come to for each kind of server. */
export async function checkIsolation(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const detected = await detectIsolation({ env });
  return [
    level(detected),
    ...detected.findings.map(({ name, usable, text }): Check => {
      // One way is enough, so a missing one is no fault.
      return { name: `  ${name}`, ok: true, text: usable ? text : text.replace(/^/, 'not used: ') };
    }),
    npm(env),
  ];
}

function level({ engines, bubblewrap }: Detected): Check {
  const [engine] = engines;
  const name = 'Isolation';
  if (!engine && !bubblewrap) {
    return {
      name,
      ok: false,
      text: 'nothing keeps servers in a box, so that none can run',
      remedy: `install ${INSTALL[process.platform] ?? INSTALL.linux}`,
    };
  }
  const npmServers = bubblewrap ? 'bubblewrap' : engine?.traits.name;
  const images = engine
    ? `${engine.traits.name}${engine.rootless ? ' without root' : ' as root'}`
    : 'nothing, so that they cannot run';
  const rootful = engine && !engine.rootless && engine.local;
  return {
    name,
    ok: true,
    text: `npm servers run in ${npmServers}, images in ${images}`,
    ...(!engine && { remedy: 'install podman or docker to run servers that are images' }),
    ...(rootful && {
      remedy: `an engine without root keeps more out: podman, or ${engine.traits.name} in rootless mode`,
    }),
  };
}

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'podman, docker or (for npm servers) bubblewrap with the package manager of the system',
  darwin: 'podman: brew install podman && podman machine init && podman machine start',
  win32: 'Podman Desktop: winget install RedHat.Podman',
};

function npm(env: NodeJS.ProcessEnv): Check {
  try {
    return { name: 'npm', ok: true, text: `found: ${findNpm(env).at(-1)}` };
  } catch (error) {
    const { message } = describeError(error).error;
    return { name: 'npm', ok: false, text: message, remedy: 'install npm with Node.js' };
  }
}
