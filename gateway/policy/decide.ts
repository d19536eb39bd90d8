import type { ResolvedEntry } from '../../core/entry/resolve.ts';
import type { Policy, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';
import type { TrustedSigner } from '../../core/trust/verify.ts';
import { overLimits } from './ceilings.ts';
import { fits, fitting, refusingRule } from './globs.ts';
import type { Policies, PolicyLayer } from './load-policy.ts';

/** A rule said no. */
export interface Refusal {
  readonly layer: PolicyLayer;
  /** The field that made it: `servers deny "x-*"`. */
  readonly rule: string;
  /** What it is about, and why, in words. */
  readonly why: string;
}

/** Where a server comes from. */
export interface Origin {
  /** As the catalog was given: `oci://HOST/REPOSITORY`. */
  readonly source: string;
  /** Who signed the entry; absent before it was read. */
  readonly signer?: TrustedSigner;
}

/** A server that is about to be used. */
export interface Candidate extends Origin {
  readonly entry: ServerEntry;
  readonly resolved: ResolvedEntry;
  /** True with `--isolation none`. */
  readonly bare: boolean;
  /** Account of the operating system. */
  readonly user: string;
}

/** The first rule against a server by its name and catalog; for lists and searches. */
export function refusalOfServer(
  policies: Policies,
  name: string,
  origin: Origin,
): Refusal | undefined {
  return first(
    policies,
    ({ policy }) => catalogRule(policy, name, origin) ?? serverRule(policy, name),
  );
}

/** The first rule against running a server with its settings. */
export async function refusalOfCandidate(
  policies: Policies,
  candidate: Candidate,
): Promise<Refusal | undefined> {
  const { entry, bare, user } = candidate;
  const named = refusalOfServer(policies, entry.name, candidate);
  if (named) return named;
  for (const layer of policies) {
    const { policy } = layer;
    const found =
      (bare && !entry.remote ? bareRule(policy, entry.name, user) : undefined) ??
      secretRule(policy, entry) ??
      (await overLimits(policy.limits, entry, candidate.resolved));
    if (found) return { layer, ...found };
  }
  return undefined;
}

/** The first rule against a tool of a server. */
export function refusalOfTool(
  policies: Policies,
  server: string,
  tool: string,
): Refusal | undefined {
  return first(policies, ({ policy }) => {
    for (const [pattern, globs] of Object.entries(policy.tools ?? {})) {
      if (!fits(pattern, server)) continue;
      const rule = refusingRule(globs, tool);
      if (rule) return { rule: `tools "${pattern}" ${rule}`, why: `the tool ${tool} of ${server}` };
    }
    return undefined;
  });
}

/** Whether an optional secret may be given to a server. */
export function mayHaveSecret(policies: Policies, server: string, secret: string): boolean {
  return policies.every(
    ({ policy }) => refusingRule(policy.secrets, `${server}/${secret}`) === undefined,
  );
}

/** A refusal as the error that users see. */
export function policyError(refusal: Refusal): PortolanError {
  return new PortolanError('forbidden', 'POLICY_REFUSED', refusalText(refusal));
}

/** `policy of the organisation (FILE, RULE) refuses WHAT`. */
export function refusalText({ layer, rule, why }: Refusal): string {
  const remedy =
    layer.owner === 'user' ? 'edit the file to change it' : 'ask whoever manages this machine';
  return `the ${layer.owner}'s policy refuses ${why} (${layer.path}, ${rule}); ${remedy}`;
}

type Found = Omit<Refusal, 'layer'>;

function first(
  policies: Policies,
  rule: (layer: PolicyLayer) => Found | undefined,
): Refusal | undefined {
  for (const layer of policies) {
    const found = rule(layer);
    if (found) return { layer, ...found };
  }
  return undefined;
}

function catalogRule(
  { catalogs }: Policy,
  name: string,
  { source, signer }: Origin,
): Found | undefined {
  if (!catalogs) return undefined;
  const known = catalogs.filter((catalog) => fits(catalog.source, source));
  if (known.length === 0) {
    return { rule: 'catalogs', why: `${name}, because the catalog ${source} is not in the list` };
  }
  if (!signer) return undefined;
  const trusted = known.some(
    ({ signers }) => !signers || signers.some((one) => isSigner(one, signer)),
  );
  return trusted
    ? undefined
    : {
        rule: 'catalogs signers',
        why: `${name}, because ${
          signer.kind === 'identity' ? signer.identity : 'the key that signed it'
        } is none of the signers for ${source}`,
      };
}

type PolicySigner = NonNullable<NonNullable<Policy['catalogs']>[number]['signers']>[number];

function isSigner(wanted: PolicySigner, signer: TrustedSigner): boolean {
  if ('publicKey' in wanted) {
    if (signer.kind !== 'key') return false;
    const { key } = parsePublicKey(wanted.publicKey, 'publicKey of the policy');
    return key.equals(signer.key.key);
  }
  return (
    signer.kind === 'identity' &&
    signer.identity === wanted.identity &&
    signer.issuer === wanted.issuer
  );
}

function serverRule({ servers }: Policy, name: string): Found | undefined {
  const rule = refusingRule(servers, name);
  return rule === undefined ? undefined : { rule: `servers ${rule}`, why: `the server ${name}` };
}

function bareRule({ isolationNone }: Policy, name: string, user: string): Found | undefined {
  if (!isolationNone) return undefined;
  if (fitting(isolationNone.servers, name) === undefined) {
    return { rule: 'isolationNone.servers', why: `${name} without isolation` };
  }
  if (isolationNone.users && fitting(isolationNone.users, user) === undefined) {
    return { rule: 'isolationNone.users', why: `${name} without isolation for ${user}` };
  }
  return undefined;
}

function secretRule({ secrets }: Policy, entry: ServerEntry): Found | undefined {
  for (const { name, required } of entry.secrets ?? []) {
    if (required === false) continue;
    const rule = refusingRule(secrets, `${entry.name}/${name}`);
    if (rule) {
      return { rule: `secrets ${rule}`, why: `the secret ${name}, which ${entry.name} requires` };
    }
  }
  return undefined;
}
