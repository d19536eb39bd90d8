import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packArtifact, putArtifact } from '../../core/oci/artifact.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { attachBundle } from '../../core/trust/bundle.ts';
import { decryptCosignKey } from '../../core/trust/cosign-key.ts';
import { generateKeyPem, parsePublicKey, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const PASSWORD = 'a password for tests';

describe.skipIf(needs('cosign', 'docker-registry').skip)('cosign and Portolan', () => {
  let registry: TestRegistry;
  let repository: Repository;
  let descriptor: Descriptor;
  let folder: string;
  let reference: string;
  const file = (name: string) => join(folder, name);
  // Not the synchronous form: the registry's own output has to be read meanwhile.
  const cosign = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('cosign', args, {
      cwd: folder,
      env: { ...process.env, COSIGN_PASSWORD: PASSWORD, HOME: folder },
    });
    return stdout;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portolan-cosign-'));
    registry = await startRegistry();
    await cosign('generate-key-pair');
  });
  afterAll(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
  });

  async function push(text: string) {
    const name = `${registry.host}/artifacts`;
    repository = await openRepository(`oci://${name}`);
    const artifact = packArtifact('application/vnd.portolan.test.v1+json', [
      { title: 'a.txt', mediaType: 'text/plain', bytes: Buffer.from(text) },
    ]);
    descriptor = await putArtifact(repository, artifact);
    reference = `${name}@${descriptor.digest}`;
  }

  async function signAndAttach(pem: string) {
    const key = parseSigningKey(pem, 'key');
    const bundle = await keySigner(key)({
      predicateType: SIGN_PREDICATE,
      subjects: [descriptor.digest],
      predicate: {},
    });
    await attachBundle(repository, descriptor, bundle, { predicateType: SIGN_PREDICATE });
    writeFileSync(file('our.pub'), key.publicPem);
  }

  const verifyWithCosign = (key: string) =>
    cosign(
      'verify',
      '--key',
      key,
      '--insecure-ignore-tlog=true',
      '--allow-http-registry',
      reference,
    );

  it('cosign verifies what an Ed25519 key of ours signed', async () => {
    await push('signed by Portolan');
    await signAndAttach(generateKeyPem().privatePem);
    expect(await verifyWithCosign('our.pub')).toContain(descriptor.digest);
  });

  it('cosign refuses it with another key', async () => {
    await push('signed by Portolan, checked with a stranger');
    await signAndAttach(generateKeyPem().privatePem);
    await expect(verifyWithCosign('cosign.pub')).rejects.toThrow();
  });

  it('cosign verifies what its own key signed here', async () => {
    await push('signed by Portolan with cosign.key');
    const pem = readFileSync(file('cosign.key'), 'utf8');
    await signAndAttach(decryptCosignKey(pem, PASSWORD, 'cosign.key'));
    expect(await verifyWithCosign('cosign.pub')).toContain(descriptor.digest);
  });

  it('Portolan verifies what cosign signed', async () => {
    await push('signed by cosign');
    // Without a log: none can be reached from a test.
    writeFileSync(file('offline.json'), SIGNING_CONFIG);
    await cosign(
      'sign',
      '--key',
      'cosign.key',
      '--signing-config',
      'offline.json',
      '--allow-http-registry',
      '--yes',
      reference,
    );
    const policy: TrustPolicy = {
      signers: [
        { kind: 'key', key: parsePublicKey(readFileSync(file('cosign.pub')), 'cosign.pub') },
      ],
    };
    const evidence = await verifyAttached(repository, descriptor, policy);
    expect(evidence.statement.subjects).toContain(descriptor.digest);
  });

  it('a wrong password is told from a damaged file', () => {
    const pem = readFileSync(file('cosign.key'), 'utf8');
    expect(() => decryptCosignKey(pem, 'wrong', 'cosign.key')).toThrow(
      expect.objectContaining({ kind: 'forbidden', code: 'KEY_PASSWORD' }),
    );
    const damaged = pem.replace(/\n[A-Za-z0-9+/=]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    expect(() => decryptCosignKey(damaged, PASSWORD, 'cosign.key')).toThrow(
      expect.objectContaining({ kind: 'malformed', code: 'KEY_MALFORMED' }),
    );
  });
});

/** Sigstore's signing configuration without any service. */
const SIGNING_CONFIG = JSON.stringify({
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [],
  tsaUrls: [],
});
