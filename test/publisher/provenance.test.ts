import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { keylessSigner } from '../../core/trust/keyless.ts';
import { PROVENANCE_PREDICATE } from '../../core/trust/statement.ts';
import { type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import { builderOf, provenanceOf } from '../../scripts/publisher/provenance.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { openRegistrySource } from '../../scripts/publisher/registry-source.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';
import { identityToken, startSigstore, type TestSigstore } from '../support/sigstore.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const env = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'example/catalog',
  GITHUB_WORKFLOW_REF: 'example/catalog/.github/workflows/publish.yml@refs/heads/main',
  GITHUB_RUN_ID: '42',
  GITHUB_RUN_ATTEMPT: '2',
};
const identity = `https://github.com/${env.GITHUB_WORKFLOW_REF}`;
const commit = 'c'.repeat(40);

describe('a keyless publication', () => {
  let publication: TestPublication;
  let sigstore: TestSigstore;
  let repository: Repository;
  let policy: TrustPolicy;
  beforeAll(async () => {
    publication = await testPublication();
    sigstore = await startSigstore();
    policy = {
      signers: [{ kind: 'identity', identity, issuer }],
      trustedRoot: sigstore.trustedRoot,
    };
    const target = `oci-layout:${join(publication.folder, 'target')}`;
    repository = await openRepository(target, { create: true });
    const builder = builderOf(env);
    await publish(openRegistrySource(publication.registry), repository, {
      sign: keylessSigner(
        { getToken: async () => identityToken({ sub: identity, iss: issuer }) },
        { fulcioUrl: sigstore.url, rekorUrl: sigstore.url, tsaUrl: sigstore.url },
      ),
      batchSize: 1024,
      policy,
      position: { number: 1, commit, development: false },
      ...(builder ? { builder } : {}),
    });
  });
  afterAll(async () => {
    await sigstore[Symbol.asyncDispose]();
    await publication[Symbol.asyncDispose]();
  });

  const tagged = async (tag: string) => (await repository.resolveTag(tag)) as Descriptor;

  it('says of each server what it was made from, by whom', async () => {
    const subject = await tagged('beta_1.0.0');
    const { statement, signer } = await verifyAttached(repository, subject, policy, {
      predicateType: PROVENANCE_PREDICATE,
    });
    expect(signer).toMatchObject({ identity });
    expect(statement.subjects).toEqual([subject.digest]);
    expect(statement.predicate).toMatchObject({
      buildDefinition: {
        externalParameters: { entry: 'registry/servers/beta', version: '1.0.0', commit },
        resolvedDependencies: [
          { uri: 'git+https://github.com/example/catalog', digest: { gitCommit: commit } },
          { digest: { sha256: 'b'.repeat(64) } },
        ],
      },
      runDetails: {
        builder: { id: identity },
        metadata: {
          invocationId: 'https://github.com/example/catalog/actions/runs/42/attempts/2',
        },
      },
    });
  });

  it('keeps the plain signature, which a client asks for', async () => {
    for (const tag of ['alpha_1.0.0', 'beta_1.0.0', 'catalog', 'docker', 'freshness']) {
      await verifyAttached(repository, await tagged(tag), policy);
    }
  });

  it('makes no such statement about what is no server', async () => {
    await expect(
      verifyAttached(repository, await tagged('catalog'), policy, {
        predicateType: PROVENANCE_PREDICATE,
      }),
    ).rejects.toMatchObject({ code: 'STATEMENT_MISMATCH' });
  });
});

describe('provenance', () => {
  const base = { name: 'demo', version: '1.2.3' };
  const context = {
    config: { source: 'https://github.com/example/catalog' } as never,
    commit,
    builder: { id: identity },
  };
  const dependencies = (entry: object) =>
    provenanceOf({ ...base, ...entry } as ServerEntry, context).buildDefinition
      .resolvedDependencies;

  it('names the package, and the source that it was made from where that is known', () => {
    const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
    expect(
      dependencies({
        npm: { package: '@example/demo', version: '3.0.0', integrity },
        source: { repository: 'https://github.com/example/demo', commit: 'd'.repeat(40) },
      }),
    ).toEqual([
      { uri: 'git+https://github.com/example/catalog', digest: { gitCommit: commit } },
      { uri: 'pkg:npm/%40example/demo@3.0.0', digest: { sha512: '01'.repeat(64) } },
      { uri: 'git+https://github.com/example/demo', digest: { gitCommit: 'd'.repeat(40) } },
    ]);
  });

  it('knows its builder on GitHub and GitLab, and nowhere else', () => {
    expect(builderOf(env)?.id).toBe(identity);
    expect(
      builderOf({
        CI_CONFIG_REF_URI: 'gitlab.com/example/catalog//.gitlab-ci.yml@refs/heads/main',
        CI_JOB_URL: 'https://gitlab.com/example/catalog/-/jobs/7',
      }),
    ).toEqual({
      id: 'https://gitlab.com/example/catalog//.gitlab-ci.yml@refs/heads/main',
      invocation: 'https://gitlab.com/example/catalog/-/jobs/7',
    });
    expect(builderOf({})).toBeUndefined();
  });
});
