import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { openCatalogs } from '../cli/catalog-access.ts';
import { type Authorizer, createAuthorizer } from '../oauth/authorizer.ts';
import type { PendingSignIn } from '../oauth/sign-in.ts';
import type { Paths } from '../paths.ts';
import { passphraseFrom } from '../vault/passphrase.ts';
import { openVault, type Vault } from '../vault/vault.ts';
import type { Area } from './api/types.ts';
import { createHub, type Hub } from './hub.ts';

/** What the parts of the console share. */
export interface ConsoleContext {
  readonly paths: Paths;
  readonly hub: Hub;
  readonly vault: Vault;
  readonly authorizer: Authorizer;
  /** The profile that the console was started with. */
  readonly profile?: string;
  /** Sign-ins that wait for a person, by server. */
  readonly signIns: Map<string, PendingSignIn>;
  /** Lines for the terminal. */
  readonly log: (line: string) => void;
  /** The catalogs, opened and verified once; anew after `changed`. */
  readonly catalogs: () => Promise<CatalogSet<OpenCatalog>>;
  /** Keeps the passphrase for as long as the console runs; undefined forgets it. */
  readonly unlock: (passphrase: string | undefined) => void;
  /** Tells every open page what changed. */
  readonly changed: (...areas: readonly Area[]) => void;
  /** Ends the console. */
  readonly stop: () => void;
}

export function createContext(options: {
  readonly paths: Paths;
  readonly log: (line: string) => void;
  readonly stop: () => void;
  readonly profile?: string;
}): ConsoleContext {
  const { paths, log } = options;
  const hub = createHub();
  let passphrase: string | undefined;
  const vault = openVault({
    home: paths.config,
    // The page asks; a question in the terminal would wait there unseen.
    passphrase: passphraseFrom({ prompt: async () => passphrase }),
  });
  let catalogs: Promise<CatalogSet<OpenCatalog>> | undefined;
  return {
    ...options,
    hub,
    vault,
    authorizer: createAuthorizer({ vault }),
    signIns: new Map(),
    catalogs() {
      catalogs ??= openCatalogs({}, paths, log);
      const opened = catalogs;
      // A failure is not kept: the network may be back, or a catalog added.
      opened.catch(() => {
        if (catalogs === opened) catalogs = undefined;
      });
      return opened;
    },
    unlock(text) {
      passphrase = text;
    },
    changed(...areas) {
      if (areas.includes('catalogs')) catalogs = undefined;
      hub.send({ topic: 'changed', areas });
    },
  };
}

/** The catalogs, or none when none is set up: a page says so in its own way. */
export async function catalogsIfAny(
  context: ConsoleContext,
): Promise<CatalogSet<OpenCatalog> | undefined> {
  try {
    return await context.catalogs();
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'CATALOG_NONE') return undefined;
    throw error;
  }
}
