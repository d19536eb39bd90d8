import { canonicalBytes } from '../entry/canonical.ts';
import type { Digest } from './digest.ts';
import { INDEX_TYPE, MANIFEST_TYPE, parseIndex } from './manifest.ts';
import type { Descriptor } from './repository.ts';

/** Which tag an entry of index.json bears (image-spec, "Pre-Defined Annotation Keys"). */
const REF_NAME = 'org.opencontainers.image.ref.name';
/** Which manifest a referrer in index.json belongs to; spares reading every manifest to find out. */
const SUBJECT = 'dev.portolan.subject';
const MAX_INDEX_BYTES = 64 * 2 ** 20;

/** What index.json of a layout lists; changes are made in place, each in constant time. */
export interface LayoutIndex {
  resolve(tag: string): Descriptor | undefined;
  /** Lists a manifest, with its subject, unless it is listed. */
  add(descriptor: Descriptor, subject: Digest | undefined): void;
  setTag(tag: string, descriptor: Descriptor): void;
  tags(): string[];
  /** Manifests whose subject is known to be `digest`. */
  referrersOf(digest: Digest): Descriptor[];
  /** Manifests that other tools listed, whose subject only their content tells. */
  unlabelled(): Descriptor[];
  /** Notes what the content of an unlabelled manifest says; not written to disk. */
  label(digest: Digest, subject: Digest | undefined): void;
  toBytes(): Uint8Array;
}

interface Item {
  readonly descriptor: Descriptor;
  readonly tag: string | undefined;
  readonly subject: string | undefined;
  /** As it was read: other tools' fields are kept. */
  readonly raw: Record<string, unknown>;
}

/** An index from the bytes of index.json, or an empty one. Throws `malformed`. */
export function readLayoutIndex(bytes: Uint8Array | undefined, where: string): LayoutIndex {
  let top: Record<string, unknown> = { schemaVersion: 2, mediaType: INDEX_TYPE };
  const items = new Map<string, Item>();
  const keysOf = new Map<Digest, Set<string>>();
  const keyOfTag = new Map<string, string>();
  const bySubject = new Map<string, Set<Digest>>();
  const unlabelled = new Set<Digest>();

  if (bytes) {
    const { manifests } = parseIndex(bytes, where, MAX_INDEX_BYTES);
    const { manifests: raw, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
    top = { ...rest, mediaType: INDEX_TYPE };
    manifests.forEach((descriptor, index) => {
      put(itemOf(descriptor, raw[index]));
    });
  }

  function put(item: Item) {
    const { digest } = item.descriptor;
    const key = `${digest} ${item.tag ?? ''}`;
    // Of two entries with one tag the first holds, as in other tools.
    if (items.has(key) || (item.tag !== undefined && keyOfTag.has(item.tag))) return;
    items.set(key, item);
    setOf(keysOf, digest).add(key);
    if (item.tag !== undefined) keyOfTag.set(item.tag, key);
    if (item.subject !== undefined) setOf(bySubject, item.subject).add(digest);
    else if (mayHaveSubject(item.descriptor)) unlabelled.add(digest);
  }

  function remove(key: string): Item | undefined {
    const item = items.get(key);
    if (!item) return undefined;
    items.delete(key);
    keysOf.get(item.descriptor.digest)?.delete(key);
    if (item.tag !== undefined) keyOfTag.delete(item.tag);
    return item;
  }

  function first(digest: Digest): Item | undefined {
    const key = keysOf.get(digest)?.values().next().value;
    return key === undefined ? undefined : items.get(key);
  }

  return {
    resolve(tag) {
      const key = keyOfTag.get(tag);
      return key === undefined ? undefined : items.get(key)?.descriptor;
    },
    add(descriptor, subject) {
      if (first(descriptor.digest)) return;
      const annotations = { ...descriptor.annotations, ...(subject && { [SUBJECT]: subject }) };
      put(itemOf(descriptor, withAnnotations({ ...descriptor }, annotations)));
    },
    setTag(tag, descriptor) {
      const old = keyOfTag.get(tag);
      const lost = old === undefined ? undefined : remove(old);
      // A manifest that loses its last tag stays listed without one.
      if (lost && !first(lost.descriptor.digest)) put(retagged(lost, undefined));
      const listed = first(descriptor.digest) ?? itemOf(descriptor, { ...descriptor });
      remove(`${descriptor.digest} `);
      put(retagged(listed, tag));
    },
    tags: () => [...keyOfTag.keys()].sort(),
    referrersOf: (digest) =>
      [...(bySubject.get(digest) ?? [])].flatMap((each) => first(each)?.descriptor ?? []),
    unlabelled: () => [...unlabelled].flatMap((digest) => first(digest)?.descriptor ?? []),
    label(digest, subject) {
      unlabelled.delete(digest);
      if (subject !== undefined) setOf(bySubject, subject).add(digest);
    },
    toBytes() {
      // Sorted, so that the same content gives the same bytes whatever the order of writing was.
      const sorted = [...items.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
      return canonicalBytes({ ...top, manifests: sorted.map(({ raw }) => raw) });
    },
  };
}

/** Indexes have no subject here; Portolan lists its own manifests with theirs when they have one. */
function mayHaveSubject({ mediaType, artifactType }: Descriptor): boolean {
  return mediaType === MANIFEST_TYPE && !artifactType?.startsWith('application/vnd.portolan.');
}

function itemOf(listed: Descriptor, raw: Record<string, unknown>): Item {
  const { annotations, ...descriptor } = listed;
  const { [REF_NAME]: tag, [SUBJECT]: subject, ...others } = annotationsOf(raw);
  return {
    descriptor: Object.keys(others).length ? { ...descriptor, annotations: others } : descriptor,
    tag,
    subject,
    raw,
  };
}

function retagged({ descriptor, raw, subject }: Item, tag: string | undefined): Item {
  const { [REF_NAME]: _, ...others } = annotationsOf(raw);
  const annotations = { ...others, ...(tag === undefined ? {} : { [REF_NAME]: tag }) };
  return { descriptor, tag, subject, raw: withAnnotations(raw, annotations) };
}

function annotationsOf(raw: Record<string, unknown>): Record<string, string> {
  return (raw.annotations as Record<string, string> | null | undefined) ?? {};
}

function withAnnotations(raw: Record<string, unknown>, annotations: Record<string, string>) {
  const { annotations: _, ...rest } = raw;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function sortKey(item: Item): string {
  return `${item.tag ?? '~'} ${item.descriptor.digest}`;
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  let set = map.get(key);
  if (!set) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}
