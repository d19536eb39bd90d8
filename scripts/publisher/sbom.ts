import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import parseLicense from 'spdx-expression-parse';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';

/** One package of package-lock.json (lockfile version 3), as far as a bill of materials tells of it. */
interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

/**
 * The bill of materials of an npm server as CycloneDX 1.6 JSON, from the lockfile alone: every
 * package with its version, sha512 and licence, and who needs whom. No serial number and no time: the
 * same lockfile gives the same bytes.
 *
 * Throws `malformed` / `LOCKFILE_MALFORMED`.
 */
export function sbomOf(entry: ServerEntry, lock: Uint8Array): Uint8Array {
  const packages = readPackages(entry, lock);
  const components = new Map<string, Models.Component>();
  const bom = new Models.Bom();
  const root = packages['']?.dependencies ?? {};
  for (const [path, item] of Object.entries(packages)) {
    if (path === '') continue;
    const component = componentOf(path, item);
    const id = component.bomRef.value ?? '';
    if (!components.has(id)) components.set(id, component);
  }
  for (const [path, item] of Object.entries(packages)) {
    const component = components.get(refOf(path, item));
    for (const name of namesOf(item)) {
      const place = placeOf(packages, path, name);
      const found = place && components.get(refOf(place, packages[place] ?? {}));
      // What is optional or a peer may not be in the tree.
      if (found && component) component.dependencies.add(found.bomRef);
    }
  }
  const main = new Models.Component(Enums.ComponentType.Application, entry.name, {
    version: entry.version,
    bomRef: `portolan:${entry.name}@${entry.version}`,
    description: entry.description,
  });
  for (const name of Object.keys(root)) {
    const place = `node_modules/${name}`;
    const found = components.get(refOf(place, packages[place] ?? {}));
    if (found) main.dependencies.add(found.bomRef);
  }
  bom.metadata.component = main;
  for (const component of components.values()) bom.components.add(component);
  const text = serializer.serialize(bom, { sortLists: true, space: 0 });
  return new TextEncoder().encode(text);
}

const serializer = new Serialize.JsonSerializer(
  new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6),
);

function componentOf(path: string, item: LockedPackage): Models.Component {
  const { scope, name } = nameOf(path, item);
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    ...(scope ? { group: scope } : {}),
    ...(item.version ? { version: item.version } : {}),
    bomRef: refOf(path, item),
    purl: `pkg:npm/${scope ? `${encodeURIComponent(scope)}/` : ''}${name}@${encodeURIComponent(item.version ?? '')}`,
    scope: item.optional ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
  });
  const hash = /^sha512-(\S+)$/.exec(item.integrity ?? '')?.[1];
  if (hash) {
    component.hashes.set(
      Enums.HashAlgorithm['SHA-512'],
      Buffer.from(hash, 'base64').toString('hex'),
    );
  }
  if (item.license) component.licenses.add(licenseOf(item.license));
  return component;
}

function licenseOf(text: string): Models.LicenseExpression | Models.NamedLicense {
  try {
    parseLicense(text);
    return new Models.LicenseExpression(text);
  } catch {
    return new Models.NamedLicense(text);
  }
}

function refOf(path: string, item: LockedPackage): string {
  const { scope, name } = nameOf(path, item);
  return `${scope ? `${scope}/` : ''}${name}@${item.version ?? ''}`;
}

/** The package's own name: an alias has it in a field, all others in their path. */
function nameOf(path: string, item: LockedPackage): { scope: string | undefined; name: string } {
  const full = item.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const slash = full.indexOf('/');
  return slash < 0
    ? { scope: undefined, name: full }
    : { scope: full.slice(0, slash), name: full.slice(slash + 1) };
}

function namesOf(item: LockedPackage): string[] {
  return Object.keys({
    ...item.dependencies,
    ...item.optionalDependencies,
    ...item.peerDependencies,
  });
}

/** Where Node.js finds a package from a place in the tree: the nearest node_modules upwards. */
function placeOf(packages: Packages, from: string, name: string): string | undefined {
  let folder = from;
  for (;;) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (Object.hasOwn(packages, place)) return place;
    if (folder === '') return undefined;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1));
  }
}

function readPackages(entry: ServerEntry, lock: Uint8Array): Packages {
  try {
    const { packages } = JSON.parse(new TextDecoder().decode(lock)) as { packages?: Packages };
    if (packages && typeof packages === 'object') return packages;
  } catch {
    // Falls through to the error below.
  }
  throw new PortolanError(
    'malformed',
    'LOCKFILE_MALFORMED',
    `registry/servers/${entry.name}/package-lock.json is no lockfile of npm; make it again with \`npm run lock -- ${entry.name}\``,
  );
}
