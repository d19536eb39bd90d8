import type { Detected } from '../../core/isolation/index.ts';

/** Asks the engines once, when the answer is first needed: each question costs a process. */
export function detectOnce(): () => Promise<Detected> {
  let detected: Promise<Detected> | undefined;
  return () => {
    detected ??= import('../../core/isolation/index.ts').then(({ detectIsolation }) =>
      detectIsolation(),
    );
    return detected;
  };
}

/** What was found, in one line: `bubblewrap 0.8.0, podman 4.3.1`. */
export function describeIsolation({ engines, bubblewrap }: Detected): string {
  const found = [
    ...(bubblewrap ? [`bubblewrap ${bubblewrap.version}`] : []),
    ...engines.map(({ traits, version }) => `${traits.name} ${version}`),
  ];
  return found.length > 0
    ? found.join(', ')
    : 'none found; install podman or bubblewrap, or no server can run';
}
