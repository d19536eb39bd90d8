import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Policy } from '../../core/entry/types.generated.ts';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { portolanPaths } from '../paths.ts';

/** One policy file and whose it is. */
export interface PolicyLayer {
  readonly owner: 'organisation' | 'user';
  readonly path: string;
  readonly policy: Policy;
}

/** All policies that apply; each can only forbid, so the stricter one wins. */
export type Policies = readonly PolicyLayer[];

export interface PolicyPlaces {
  /** Folder of the user's own policy.yaml. */
  readonly config: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
}

/** A file that may hold a policy. */
export interface PolicyFile {
  readonly owner: PolicyLayer['owner'];
  readonly path: string;
  /** Its absence is an error. */
  readonly required: boolean;
}

/**
 * The files that are looked for, organisation first. PORTOLAN_POLICY names a further organisation
 * file, for containers and managed shells; it never replaces the machine's.
 */
export function policyFiles(places: PolicyPlaces): readonly PolicyFile[] {
  const { config, env = process.env, platform = process.platform } = places;
  const named = env.PORTOLAN_POLICY;
  return [
    { owner: 'organisation', path: machinePolicy(env, platform), required: false },
    ...(named ? [{ owner: 'organisation', path: named, required: true } as const] : []),
    { owner: 'user', path: join(config, 'policy.yaml'), required: false },
  ];
}

/**
 * Reads the policies of this machine and user.
 *
 * Throws `malformed` / `POLICY_MALFORMED`, and `unreachable` / `POLICY_UNREADABLE` for a file that
 * is there but cannot be read: without knowing the rules nothing may run.
 */
export async function loadPolicies(
  places: PolicyPlaces = { config: portolanPaths().config },
): Promise<Policies> {
  const layers = await Promise.all(policyFiles(places).map(readLayer));
  return layers.filter((layer) => layer !== undefined);
}

async function readLayer({ owner, path, required }: PolicyFile): Promise<PolicyLayer | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!required && (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR'))) return undefined;
    throw new PortolanError(
      'unreachable',
      'POLICY_UNREADABLE',
      `the policy ${path}${required ? ' that PORTOLAN_POLICY names' : ''} cannot be read: ${messageOf(error)}; nothing runs without knowing it`,
      { cause: error },
    );
  }
  // Loaded for those who have a policy only: parser and validator cost a start some milliseconds.
  const { parsePolicy } = await import('./parse-policy.ts');
  return { owner, path, policy: parsePolicy(text, path) };
}

function machinePolicy(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'win32':
      return join(env.ProgramData ?? 'C:\\ProgramData', 'portolan', 'policy.yaml');
    case 'darwin':
      return '/Library/Application Support/portolan/policy.yaml';
    default:
      return '/etc/portolan/policy.yaml';
  }
}
