import type { CatalogConfig, ServerEntry } from '../../core/entry/types.generated.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { attachBundle } from '../../core/trust/bundle.ts';
import type { StatementSigner } from '../../core/trust/sign.ts';
import { PROVENANCE_PREDICATE } from '../../core/trust/statement.ts';
import { forEachLimited } from './limited.ts';
import type { PackedServer } from './pack-server.ts';

/** How a server artifact comes about; the page says what the parameters mean. */
export const BUILD_TYPE =
  'https://github.com/portolan-mcp/portolan/blob/main/docs/publishing.md#build-type-server-v1';
/** Each statement costs a certificate and a log entry of a shared service. */
const AT_ONCE = 4;

/** Who runs the build. */
export interface Builder {
  /** The workflow, as the certificate of its signatures names it. */
  readonly id: string;
  /** The one run of it. */
  readonly invocation?: string;
}

/** What a build is made from, besides the entry. */
export interface BuildContext {
  readonly config: CatalogConfig;
  readonly commit: string;
  readonly builder: Builder;
}

/** The builder by the variables of GitHub Actions or GitLab CI; undefined elsewhere. */
export function builderOf(env: NodeJS.ProcessEnv): Builder | undefined {
  if (env.GITHUB_WORKFLOW_REF) {
    const server = env.GITHUB_SERVER_URL ?? 'https://github.com';
    const run = `${server}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}/attempts/${env.GITHUB_RUN_ATTEMPT ?? 1}`;
    return { id: `${server}/${env.GITHUB_WORKFLOW_REF}`, invocation: run };
  }
  if (env.CI_CONFIG_REF_URI) {
    return {
      id: `https://${env.CI_CONFIG_REF_URI}`,
      ...(env.CI_JOB_URL ? { invocation: env.CI_JOB_URL } : {}),
    };
  }
  return undefined;
}

/** SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance) of a server artifact. */
export function provenanceOf(entry: ServerEntry, { config, commit, builder }: BuildContext) {
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        source: config.source,
        commit,
        entry: `registry/servers/${entry.name}`,
        version: entry.version,
      },
      resolvedDependencies: [
        { uri: `git+${config.source}`, digest: { gitCommit: commit } },
        ...packageOf(entry),
        ...sourceOf(entry),
      ],
    },
    runDetails: {
      builder: { id: builder.id },
      ...(builder.invocation ? { metadata: { invocationId: builder.invocation } } : {}),
    },
  };
}

/** Signs and attaches the provenance of servers that are stored: one statement for each. */
export async function attachProvenance(
  repository: Repository,
  servers: readonly PackedServer[],
  sign: StatementSigner,
  context: BuildContext,
): Promise<void> {
  await forEachLimited(servers, AT_ONCE, async ({ entry, artifact: { descriptor } }) => {
    const bundle = await sign({
      predicateType: PROVENANCE_PREDICATE,
      subjects: [descriptor.digest],
      predicate: provenanceOf(entry, context),
    });
    await attachBundle(repository, descriptor, bundle, { predicateType: PROVENANCE_PREDICATE });
  });
}

function packageOf({ npm, container }: ServerEntry) {
  if (npm) {
    const name = npm.package.replace('@', '%40');
    const sha512 = Buffer.from(npm.integrity.replace('sha512-', ''), 'base64').toString('hex');
    return [{ uri: `pkg:npm/${name}@${npm.version}`, digest: { sha512 } }];
  }
  if (container) {
    const sha256 = container.image.slice(container.image.indexOf('@sha256:') + '@sha256:'.length);
    return [{ uri: `docker://${container.image}`, digest: { sha256 } }];
  }
  return [];
}

function sourceOf({ source }: ServerEntry) {
  return source?.commit
    ? [{ uri: `git+${source.repository}`, digest: { gitCommit: source.commit } }]
    : [];
}
