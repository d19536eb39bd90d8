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
  /** The same where nothing is run or added: an old copy will do when a registry does not answer. */
  readonly catalogsToLookAt: () => Promise<CatalogSet<OpenCatalog>>;
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
  const catalogs = once(() => openCatalogs({}, paths, log));
  const toLookAt = once(() => openCatalogs({ look: true }, paths, log));
  return {
    ...options,
    hub,
    vault,
    authorizer: createAuthorizer({ vault }),
    signIns: new Map(),
    catalogs: catalogs.get,
    catalogsToLookAt: toLookAt.get,
    unlock(text) {
      passphrase = text;
    },
    changed(...areas) {
      if (areas.includes('catalogs')) {
        catalogs.forget();
        toLookAt.forget();
      }
      hub.send({ topic: 'changed', areas });
    },
  };
}

/** Catalogs that are opened once and kept until they are forgotten; those of an outage for a while. */
function once(open: () => Promise<CatalogSet<OpenCatalog>>) {
  let kept: Promise<CatalogSet<OpenCatalog>> | undefined;
  return {
    get() {
      kept ??= open();
      const opened = kept;
      const drop = () => {
        if (kept === opened) kept = undefined;
      };
      // The network may be back, or a catalog added.
      opened.then(({ catalogs }) => {
        if (catalogs.some(({ offline }) => offline)) setTimeout(drop, OUTAGE_MS).unref();
      }, drop);
      return opened;
    },
    forget() {
      kept = undefined;
    },
  };
}

/** How long a registry that did not answer is left alone, in ms. */
const OUTAGE_MS = 30_000;

/** The catalogs, or none when none is set up: a page says so in its own way. */
export async function catalogsIfAny(
  context: ConsoleContext,
): Promise<CatalogSet<OpenCatalog> | undefined> {
  try {
    return await context.catalogsToLookAt();
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'CATALOG_NONE') return undefined;
    throw error;
  }
}
