import { canonicalBytes } from '../entry/canonical.ts';
import { messageOf, PortolanError } from '../errors.ts';
import { type Digest, hexOf } from '../oci/digest.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** Predicate of a plain signature, as cosign 3 writes and checks it. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
/** SLSA provenance. */
export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';
/** The most subjects that cosign accepts in one statement. */
export const MAX_SUBJECTS = 1024;

/** in-toto Statement v1. */
export interface Statement {
  readonly predicateType: string;
  readonly subjects: readonly Digest[];
  readonly predicate: unknown;
}

/** The statement's canonical bytes: the payload of a DSSE envelope. At most 1,024 subjects. */
export function statementBytes({ predicateType, subjects, predicate }: Statement): Uint8Array {
  if (subjects.length === 0 || subjects.length > MAX_SUBJECTS) {
    throw new RangeError(`a statement has 1 to ${MAX_SUBJECTS} subjects, not ${subjects.length}`);
  }
  return canonicalBytes({
    _type: STATEMENT_TYPE,
    subject: subjects.map((digest) => ({ digest: { sha256: hexOf(digest) } })),
    predicateType,
    predicate,
  });
}

/**
 * Reads the payload of a verified envelope and checks that it says what it is used for. Libraries
 * verify the signature over the payload but not that the payload is about this artifact.
 *
 * Throws `unverified` / `STATEMENT_MISMATCH` when it is a statement of another kind or about
 * another subject, `malformed` / `STATEMENT_MALFORMED` when it is none.
 */
export function checkStatement(
  envelope: { readonly payloadType: string; readonly payload: Uint8Array },
  expected: { readonly subject: Digest; readonly predicateType: string },
  where: string,
): Statement {
  if (envelope.payloadType !== PAYLOAD_TYPE) {
    throw mismatch(where, `has the payload type ${envelope.payloadType}, not ${PAYLOAD_TYPE}`);
  }
  const value = parse(envelope.payload, where);
  if (value._type !== STATEMENT_TYPE) {
    throw mismatch(where, `has the type ${JSON.stringify(value._type)}, not ${STATEMENT_TYPE}`);
  }
  if (value.predicateType !== expected.predicateType) {
    throw mismatch(
      where,
      `has the predicate type ${JSON.stringify(value.predicateType)}, not ${expected.predicateType}`,
    );
  }
  const subjects = subjectsOf(value.subject, where);
  if (!subjects.includes(expected.subject)) {
    throw mismatch(where, `signs ${subjects[0] ?? 'nothing'}, not ${expected.subject}`);
  }
  return { predicateType: expected.predicateType, subjects, predicate: value.predicate };
}

function subjectsOf(value: unknown, where: string): Digest[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_SUBJECTS) {
    throw malformed(where, `does not have 1 to ${MAX_SUBJECTS} subjects`);
  }
  return value.map((item: unknown): Digest => {
    const hex = (item as { digest?: { sha256?: unknown } } | null)?.digest?.sha256;
    if (typeof hex !== 'string' || !/^[0-9a-f]{64}$/.test(hex)) {
      throw malformed(where, 'has a subject without a sha256 digest');
    }
    return `sha256:${hex}`;
  });
}

function parse(payload: Uint8Array, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw malformed(where, `is not JSON: ${messageOf(error)}`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(where, 'is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function mismatch(where: string, fact: string): PortolanError {
  return new PortolanError(
    'unverified',
    'STATEMENT_MISMATCH',
    `${where}: the signed statement ${fact}; the signature was made for something else`,
  );
}

function malformed(where: string, fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'malformed',
    'STATEMENT_MALFORMED',
    `${where}: the signed statement ${fact}`,
    { cause },
  );
}
