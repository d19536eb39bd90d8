import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import { writeFileAtomic } from '../../../core/files.ts';
import type { StatementSigner } from '../../../core/trust/sign.ts';
import type { CatalogSet } from '../../catalog/catalog-set.ts';
import { portolanPaths } from '../../paths.ts';
import { createProfile } from '../../profile/change-profile.ts';
import { fromDockerProfile, readDockerProfile } from '../../profile/docker-profile.ts';
import { profilePlace, setCurrentProfile } from '../../profile/place.ts';
import { exportedFile, type Imported, parseExported } from '../../profile/profile-file.ts';
import { lockedIn } from '../../profile/profile-lock.ts';
import { pullProfile } from '../../profile/pull-profile.ts';
import { pushProfile } from '../../profile/push-profile.ts';
import { readProfile, readProfileIfAny, serversOf, textOf } from '../../profile/read-profile.ts';
import { planReplacement } from '../../profile/replace-profile.ts';
import { type CatalogOptions, openCatalogs } from '../catalog-access.ts';
import { agreeToReplace } from '../consent.ts';
import { note, print, table } from '../print.ts';
import { readOptionFile, trustPolicyOf } from '../trust-options.ts';
import type { ExportOptions, ImportOptions, PushOptions } from './profile.ts';
import { rowsOf } from './profile-actions.ts';

export async function exportOne(
  given: string | undefined,
  { output, json }: ExportOptions,
): Promise<void> {
  const paths = portolanPaths();
  const { place, profile, lock } = await readProfile(await profilePlace(given, paths), paths);
  const file = exportedFile((await textOf(place.path)) ?? '', lock);
  if (output !== undefined) {
    await writeFileAtomic(output, file);
    note(`${place.name} is in ${output}`);
  }
  if (json) print(true, { name: place.name, output, profile, lock }, () => '');
  else if (output === undefined) process.stdout.write(file);
}

export async function importOne(
  file: string,
  given: string,
  options: ImportOptions,
): Promise<void> {
  const content = (await readOptionFile(file, 'the profile')).toString('utf8');
  const docker = readDockerProfile(content, file);
  const imported = docker
    ? await fromDockerProfile(docker, entryReader(options), file)
    : parseExported(content, file);
  await take(imported, given, options, `from ${file}`);
}

export async function pushOne(given: string, target: string, options: PushOptions): Promise<void> {
  const { signingKey, keyless, unsigned } = options;
  if ([signingKey, keyless, unsigned].filter((one) => one !== undefined).length !== 1) {
    throw new PortolanError(
      'usage',
      'SIGNER_MISSING',
      'say who signs, in one way: --signing-key FILE with a private key, --keyless with the identity of this job, or --unsigned to sign with cosign afterwards',
    );
  }
  const paths = portolanPaths();
  const loaded = await readProfile(await profilePlace(given, paths), paths);
  const { sign, signer } = await signerOf(options);
  const text = (await textOf(loaded.place.path)) ?? '';
  const { digest, tag } = await pushProfile(loaded, text, target, sign);
  print(options.json, { digest, tag, ...(signer && { signer }) }, () =>
    [
      `${loaded.place.name} is at ${target}, tag ${tag}, ${digest}`,
      signer ? `signed by ${signer}` : 'not signed: nobody can pull it until it is',
    ].join('\n'),
  );
}

/** How a profile is signed, and by whom, in words; neither when it is not signed. */
async function signerOf(
  options: PushOptions,
): Promise<{ readonly sign?: StatementSigner; readonly signer?: string }> {
  if (options.signingKey !== undefined) {
    const [{ readSigningKey }, { keySigner }] = await Promise.all([
      import('../../../core/trust/signing-key-file.ts'),
      import('../../../core/trust/sign.ts'),
    ]);
    const key = await readSigningKey(options.signingKey);
    return { sign: keySigner(key), signer: `the key ${key.fingerprint}` };
  }
  if (!options.keyless) return {};
  const { CIContextProvider, keylessSigner } = await import('../../../core/trust/keyless.ts');
  const { fulcioUrl, rekorUrl, tsaUrl } = options;
  const sign = keylessSigner(new CIContextProvider('sigstore'), {
    ...(fulcioUrl !== undefined && { fulcioUrl }),
    ...(rekorUrl !== undefined && { rekorUrl }),
    ...(tsaUrl !== undefined && { tsaUrl }),
  });
  return { sign, signer: 'the identity of this job' };
}

export async function pullOne(
  source: string,
  given: string,
  options: ImportOptions,
): Promise<void> {
  // The trust options are about the profile, not about catalogs.
  const openOptions = options.catalog === undefined ? {} : { catalog: options.catalog };
  const pulled = await pullProfile(source, {
    policy: () => trustPolicyOf(options),
    entryOf: entryReader(openOptions),
  });
  const from = pulled.signer
    ? `from ${source}, signed by ${pulled.signer}`
    : `from ${source}, which nobody signed: only names, settings and tools were taken`;
  await take(pulled, given, options, from, openOptions);
}

/** Writes a profile that was checked, after the user agreed to what it changes of one that is there. */
async function take(
  imported: Imported,
  given: string,
  options: ImportOptions,
  from: string,
  openOptions: CatalogOptions = options,
): Promise<void> {
  const paths = portolanPaths();
  const place = await profilePlace(given, paths);
  const before = options.replace ? await readProfileIfAny(place, paths) : undefined;
  const { profile, text, notes } = imported;
  const changes =
    before &&
    (await planReplacement(before, imported, (names) =>
      openCatalogs({ ...openOptions, catalogs: names }, paths, note),
    ));
  if (changes) await agreeToReplace(changes, place.name, options, '--dry-run');
  const lock = changes?.lock ?? imported.lock;
  if (!options.dryRun) {
    const written = { profile, lock, ...(text !== undefined && { text }) };
    await createProfile(place, paths, { ...written, replace: options.replace === true });
    if (options.use) await setCurrentProfile(place, paths);
  }
  const servers = serversOf(profile).map(([server]) => {
    const [was, is] = [before && lockedIn(before.lock, server), lockedIn(lock, server)];
    return { server, version: is?.version, before: was?.version };
  });
  const unlocked = servers.some(({ version }) => version === undefined);
  const report = {
    name: place.name,
    path: place.path,
    servers,
    notes,
    ...(changes && { changes: { servers: changes.servers, notes: changes.notes } }),
    written: !options.dryRun,
  };
  print(options.json, report, () =>
    [
      `The profile ${place.name} ${options.dryRun ? 'would be' : 'is'} ${from}:`,
      // Settings count as much as versions: a folder that a server may read is one of them.
      table(rowsOf({ profile, lock }).map(([server = '', ...rest]) => [`  ${server}`, ...rest])),
      ...notes.map((text) => `! ${text}`),
      ...(options.dryRun
        ? ['Nothing was written.']
        : [
            unlocked
              ? `Next: portolan update --profile ${place.name} shows what the servers may do, and locks them`
              : `Next: portolan secret check --profile ${place.name}`,
          ]),
    ].join('\n'),
  );
}

/** Entries of this machine's catalogs, which are opened when the first one is asked for. */
function entryReader(options: CatalogOptions): (name: string) => Promise<ServerEntry | undefined> {
  let catalogs: Promise<CatalogSet> | undefined;
  return async (name) => {
    catalogs ??= openCatalogs(options, portolanPaths(), note);
    const opened = await catalogs;
    try {
      return (await opened.server(name)).entry;
    } catch (error) {
      const known = error instanceof PortolanError;
      if (known && ['SERVER_UNKNOWN', 'SERVER_WITHDRAWN'].includes(error.code)) return undefined;
      throw error;
    }
  };
}
