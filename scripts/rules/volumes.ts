import { entryRule } from './rule.ts';

/** Where the system of a server lives: a volume there would replace what the server runs on. */
const SYSTEM =
  /^\/(|bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|sys|tmp|usr|var)\/?$|^\/(dev|proc|sys)\//;

/** Volumes stay inside the folder that the user chose and do not hide the server's own system. */
export const volumes = entryRule('volumes', function* ({ server }) {
  const { entry, source } = server;
  const targets = new Map<string, number>();
  for (const [index, { path, target }] of (entry.permissions?.volumes ?? []).entries()) {
    const at = ['permissions', 'volumes', index];
    if (hasDots(path)) {
      yield {
        in: source,
        at: [...at, 'path'],
        fact: 'the path leaves the folder that the user chose',
        remedy: 'remove the .. part; ask for the folder that is needed with a parameter',
      };
    }
    if (target === undefined) continue;
    if (hasDots(target) || SYSTEM.test(target)) {
      yield {
        in: source,
        at: [...at, 'target'],
        fact: `${target} belongs to the system that the server runs on`,
        remedy: 'choose a folder of its own, such as /data',
      };
    }
    if (targets.has(target)) {
      yield {
        in: source,
        at: [...at, 'target'],
        fact: `${target} is also the target of volume ${(targets.get(target) ?? 0) + 1}`,
        remedy: 'give each volume a target of its own',
      };
    }
    targets.set(target, index);
  }
});

function hasDots(path: string): boolean {
  return path.split('/').some((step) => step === '..' || step === '.');
}
