import { putFiles } from '../../core/oci/artifact.ts';
import type { Repository } from '../../core/oci/repository.ts';
import type { ValidServer } from '../registry/load.ts';
import { dockerLine } from './docker-catalog.ts';
import { dockerServerOf } from './docker-server.ts';
import { type CatalogLine, lineOf } from './make-catalog.ts';
import { packServer } from './pack-server.ts';

/** What is kept of a packed server: ten thousand of these fit into memory, their files do not. */
export interface ServerLines {
  /** Without the date of publication. */
  readonly line: CatalogLine;
  /** Its line in Docker's catalog, or why it has none. */
  readonly docker: { readonly line: Uint8Array } | { readonly reason: string };
  readonly manifest: Uint8Array;
}

/** Packs one server; with `store`, its files are put there. */
export async function serverLines(server: ValidServer, store?: Repository): Promise<ServerLines> {
  const packed = packServer(server);
  const { artifact, entry, tools } = packed;
  if (store) await putFiles(store, artifact);
  const mapping = dockerServerOf(entry, tools);
  return {
    line: lineOf(packed),
    docker: 'server' in mapping ? { line: dockerLine(mapping.server) } : mapping,
    manifest: artifact.manifest,
  };
}
