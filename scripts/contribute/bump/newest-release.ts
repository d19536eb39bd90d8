import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { compareVersions } from '../../../core/entry/version.ts';
import { PortolanError } from '../../../core/errors.ts';
import type { RegistryOptions } from '../../../core/oci/client.ts';
import { imageTags, inspectImage, parseImage, pinned } from '../image.ts';
import { licenseFrom } from '../new/draft.ts';
import { npmFacts, serverBin } from '../npm-facts.ts';

/** A newer upstream release, as changes to an entry. */
export interface Release {
  /** `4.1.0 -> 4.1.1`, for people. */
  readonly label: string;
  /** New values by place in server.yaml; undefined removes. */
  readonly changes: readonly (readonly [path: readonly string[], value: string | undefined])[];
  /** What a person should look at. */
  readonly notes: readonly string[];
}

/** The newest release of what an entry runs; undefined when the entry has it, or has no releases. */
export async function newestRelease(
  entry: ServerEntry,
  options: RegistryOptions = {},
): Promise<Release | undefined> {
  if (entry.npm) return await newestPackage(entry, entry.npm);
  if (entry.container) return await newestImage(entry.container.image, options);
  return undefined;
}

async function newestPackage(
  entry: ServerEntry,
  current: NonNullable<ServerEntry['npm']>,
): Promise<Release | undefined> {
  const facts = await npmFacts(current.package);
  if (compareVersions(facts.version, current.version) <= 0) return undefined;
  if (facts.deprecated) {
    throw new PortolanError(
      'forbidden',
      'PACKAGE_DEPRECATED',
      `${entry.name}: ${facts.name}@${facts.version} is deprecated by its publisher (${facts.deprecated}); consider status: deprecated`,
    );
  }
  const only = serverBin(facts) === undefined;
  const bin = current.bin && facts.bin[current.bin] ? current.bin : serverBin(facts);
  const license = await licenseFrom(facts.license);
  return {
    label: `${current.version} -> ${facts.version}`,
    changes: [
      [['npm', 'version'], facts.version],
      [['npm', 'integrity'], facts.integrity],
      ...(bin === current.bin || only ? [] : [[['npm', 'bin'], bin] as const]),
      // The commit of the old release says nothing about the new one.
      ...(entry.source?.commit ? [[['source', 'commit'], commitOf(facts.gitHead)] as const] : []),
    ],
    notes: [
      ...(license && license !== entry.license
        ? [`the package now says its license is ${license}, the entry says ${entry.license}`]
        : []),
      ...(bin === current.bin || only ? [] : [`its executable is now ${bin}`]),
    ],
  };
}

function commitOf(gitHead: string | undefined): string | undefined {
  return /^[0-9a-f]{40}$/.test(gitHead ?? '') ? gitHead : undefined;
}

/** The same tag with new content, or, for a tag that is a version, the highest version of its form. */
async function newestImage(
  reference: string,
  options: RegistryOptions,
): Promise<Release | undefined> {
  const image = parseImage(reference);
  const { tag } = image;
  if (!tag) return undefined;
  const newest = VERSION_TAG.test(tag) ? highest(tag, await imageTags(image, options)) : tag;
  const target = { ...image, tag: newest, digest: undefined };
  const { digest } = await inspectImage(target, options);
  if (digest === image.digest) return undefined;
  return {
    label: newest === tag ? `${tag} was built anew` : `${tag} -> ${newest}`,
    changes: [[['container', 'image'], pinned(target, digest)]],
    notes: [],
  };
}

const VERSION_TAG = /^v?\d+\.\d+\.\d+$/;

/** `v1.2.0` is followed by `v1.3.0`, not by `1.3.0`, `v1.3.0-alpine` or `v2.0.0-rc.1`. */
function highest(tag: string, tags: readonly string[]): string {
  const sameForm = tags.filter(
    (other) => VERSION_TAG.test(other) && other.startsWith('v') === tag.startsWith('v'),
  );
  return sameForm.reduce(
    (best, other) => (compareVersions(plain(other), plain(best)) > 0 ? other : best),
    tag,
  );
}

function plain(tag: string): string {
  return tag.replace(/^v/, '');
}
