import { createHash } from 'node:crypto';
import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { canonicalJson } from '../../core/entry/canonical.ts';
import { resolveEntry, type Settings } from '../../core/entry/resolve.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Detected, IsolationOptions, LaunchPlan } from '../../core/isolation/index.ts';
import { LOCK_LAYER } from '../../core/oci/media-types.ts';
import type { OpenContext, Upstream } from '../relay/upstream.ts';

/** What a user set for a server. Secrets are asked for at each start, and kept by nobody here. */
export interface ServerSettings {
  readonly parameters: Settings['parameters'];
  secrets(): Promise<Settings['secrets']>;
  /** Changes with the secrets: a server that was started with other ones is started again. */
  readonly secretRevision: string;
  /** Why a tool is not offered; undefined when it is. */
  readonly toolRefusal?: (tool: string) => string | undefined;
  /** Changes with what `toolRefusal` says. */
  readonly offer?: string;
}

/** What all local servers share. */
export interface LocalOptions {
  /** Folder of installed npm trees. */
  readonly storeDir: string;
  readonly isolation: IsolationOptions;
  /** What the machine can do, found out once for all. */
  detect(): Promise<Detected>;
  readonly log: (line: string) => void;
}

/** A verified container or npm server as the relay sees it: started on first use, in its box. */
export function localUpstream(
  server: VerifiedServer,
  settings: ServerSettings,
  options: LocalOptions,
): Upstream {
  return {
    ...upstreamFacts(server, settings, options.isolation.isolation),
    open: (context) => open(server, settings, options, context),
  };
}

/** What an upstream has in common, wherever it runs. */
export function upstreamFacts(
  { entry, tools, descriptor }: VerifiedServer,
  { parameters, secretRevision, toolRefusal, offer }: ServerSettings,
  isolation?: string,
): Omit<Upstream, 'open'> {
  const { digest } = descriptor;
  const fingerprint = createHash('sha256')
    .update(canonicalJson({ digest, parameters, secretRevision, isolation }))
    .digest('hex');
  return {
    name: entry.name,
    fingerprint,
    digest,
    ...(toolRefusal && { toolRefusal }),
    ...(offer !== undefined && { offer }),
    ...(tools && entry.tools === 'static' ? { signed: tools } : {}),
    stateful: entry.stateful === true,
  };
}

async function open(
  server: VerifiedServer,
  settings: ServerSettings,
  options: LocalOptions,
  { signal }: OpenContext,
) {
  const { entry } = server;
  const { ensureNpmTree, launch, treePlatform } = await import('../../core/isolation/index.ts');
  const resolved = resolveEntry(entry, {
    parameters: settings.parameters,
    secrets: await settings.secrets(),
  });
  const start = async (plan: LaunchPlan) =>
    launch(plan, { ...options.isolation, detected: await options.detect(), signal });
  if (!entry.npm) return start({ entry, resolved });
  const lock = await server.readLayer(LOCK_LAYER);
  if (!lock) {
    throw new PortolanError(
      'malformed',
      'LOCK_MISSING',
      `${entry.name} ${entry.version} has no lockfile, so its exact tree is unknown; its publisher must publish it again`,
    );
  }
  const detected = await options.detect();
  const tree = await ensureNpmTree(entry, lock, options.storeDir, {
    signal,
    // A container on macOS or Windows runs Linux, and packages with native parts differ.
    platform: treePlatform({ entry }, detected, options.isolation.isolation),
    onProgress: (text) => options.log(`${entry.name}: ${text}`),
  });
  return start({ entry, resolved, tree });
}
