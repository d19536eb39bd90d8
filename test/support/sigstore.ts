import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  tsaHandler,
} from '@sigstore/mock';

interface Handler {
  readonly path: string;
  readonly fn: (body: string) => Promise<{
    statusCode: number;
    response: string | ArrayBufferView;
    contentType?: string;
  }>;
}

/** Sigstore's own test services over HTTP, with the trusted root that belongs to them. */
export interface TestSigstore extends AsyncDisposable {
  readonly url: string;
  readonly trustedRoot: unknown;
}

export async function startSigstore(): Promise<TestSigstore> {
  // A timestamp of a broken second fails to parse now and then, so the clock stands on whole ones.
  const clock = new Date();
  const keys = { ca: keyPair(), ct: keyPair(), log: keyPair(), tsa: keyPair() };
  const ctlog = await initializeCTLog(keys.ct as never);
  const ca = await initializeCA(keys.ca as never, ctlog);
  const routes = new Map<string, Handler['fn']>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      clock.setTime(Math.floor(Date.now() / 1000) * 1000);
      const handler = routes.get(request.url ?? '');
      const result = await handler?.(asLogged(Buffer.concat(chunks).toString()));
      response.writeHead(result?.statusCode ?? 404, {
        'Content-Type': result?.contentType ?? 'text/plain',
      });
      const body = result?.response ?? '';
      response.end(
        typeof body === 'string'
          ? body
          : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tlog = await initializeTLog(url, keys.log as never);
  const tsa = await initializeTSA(keys.tsa as never, clock);
  for (const handler of [fulcioHandler(ca), rekorHandler(tlog), tsaHandler(tsa)] as Handler[]) {
    routes.set(handler.path, handler.fn);
  }
  return {
    url,
    trustedRoot: trustedRootOf({ url, ca, ctlog, tlog, tsa }),
    [Symbol.asyncDispose]: () => close(server),
  };
}

/** An unsigned OIDC token, which the test Fulcio takes at its word. */
export function identityToken(claims: Record<string, string>): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const payload = { aud: 'sigstore', iat: now, exp: now + 300, ...claims };
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(payload)}.${part({})}`;
}

/** What Rekor writes into its log for a proposed DSSE entry: hashes instead of the envelope. */
function asLogged(body: string): string {
  let entry: {
    kind?: string;
    spec?: { proposedContent?: { envelope: string; verifiers: string[] } };
  };
  try {
    entry = JSON.parse(body);
  } catch {
    return body;
  }
  const proposed = entry.spec?.proposedContent;
  if (entry.kind !== 'dsse' || !proposed) return body;
  const envelope = JSON.parse(proposed.envelope) as {
    payload: string;
    signatures: { sig: string }[];
  };
  const hash = (data: string | Buffer) => ({
    algorithm: 'sha256',
    value: createHash('sha256').update(data).digest('hex'),
  });
  return JSON.stringify({
    ...entry,
    spec: {
      envelopeHash: hash(proposed.envelope),
      payloadHash: hash(Buffer.from(envelope.payload, 'base64')),
      signatures: envelope.signatures.map(({ sig }, index) => ({
        signature: sig,
        verifier: proposed.verifiers[index],
      })),
    },
  });
}

type Parts = {
  url: string;
  ca: Awaited<ReturnType<typeof initializeCA>>;
  ctlog: Awaited<ReturnType<typeof initializeCTLog>>;
  tlog: Awaited<ReturnType<typeof initializeTLog>>;
  tsa: Awaited<ReturnType<typeof initializeTSA>>;
};

/** The trusted root (protobuf JSON) of these services. */
function trustedRootOf({ url, ca, ctlog, tlog, tsa }: Parts): unknown {
  const base64 = (bytes: ArrayBufferView) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const validFor = { start: new Date(Date.now() - 60_000).toISOString() };
  const log = (publicKey: Buffer, keyId: string) => ({
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKey.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor,
    },
    logId: { keyId },
  });
  const authority = (...certificates: ArrayBufferView[]) => ({
    subject: { organization: 'sigstore.mock', commonName: 'test' },
    uri: url,
    certChain: { certificates: certificates.map((item) => ({ rawBytes: base64(item) })) },
    validFor,
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(tlog.publicKey, createHash('sha256').update(tlog.publicKey).digest('base64'))],
    certificateAuthorities: [authority(ca.rootCertificate)],
    ctlogs: [log(ctlog.publicKey, base64(ctlog.logID))],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  };
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
