import { messageOf } from '../../core/errors.ts';
import { npm } from '../contribute/npm-cli.ts';
import { show } from '../registry/show.ts';
import { entryRule } from './rule.ts';

/** Integrity that the user's npm registry gives for `package@version`; undefined when it has none. */
export type IntegrityLookUp = (spec: string) => Promise<string | undefined>;

/**
 * The integrity of an npm entry is the one that the npm registry gives today. It asks the network,
 * so it only runs with --online.
 */
export function npmRegistry(lookUp: IntegrityLookUp = viewIntegrity) {
  return entryRule('npm-registry', async function* ({ server }) {
    const { npm: wanted } = server.entry;
    if (!wanted) return;
    const spec = `${wanted.package}@${wanted.version}`;
    let found: string | undefined;
    try {
      found = await lookUp(spec);
    } catch (error) {
      yield {
        in: server.source,
        at: ['npm'],
        fact: `the npm registry gave no answer about ${spec} (${show(messageOf(error), 160)})`,
        remedy: 'check the name and the version, and whether the registry is reachable',
      };
      return;
    }
    if (found === wanted.integrity) return;
    yield {
      in: server.source,
      at: ['npm', 'integrity'],
      fact: `the npm registry gives ${show(found ?? 'none')} for ${spec}`,
      remedy: 'find out where the other one came from before you change it',
    };
  });
}

async function viewIntegrity(spec: string): Promise<string | undefined> {
  const answer = await npm(['view', spec, 'dist.integrity', '--json'], { timeout: 30_000 });
  const value: unknown = answer.trim() ? JSON.parse(answer) : undefined;
  return typeof value === 'string' ? value : undefined;
}
