import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedTools, ServerEntry } from '../../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { capturedTools, type Offer, offerChanges } from './offer.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { placeholderSettings } from './placeholders.ts';
import { readOffer } from './read-offer.ts';

export interface CaptureOptions {
  /** Milliseconds for one run, after the download; 60,000 unless told. */
  readonly timeout?: number;
  readonly open?: typeof openServer;
}

export interface Captured {
  readonly tools: CapturedTools;
  /** What the two runs disagreed on and was left out (never tools). */
  readonly notes: readonly string[];
}

/**
 * Runs the pinned server of an entry twice, isolated and with placeholder settings, and gives what
 * it offers. Twice, because a definition that changes from start to start cannot be signed.
 *
 * Throws `failed` with the server's stderr when it does not answer, and `failed` /
 * `OFFER_UNSTABLE` when its tools differ between the runs.
 */
export async function capture(
  entry: ServerEntry,
  folder: string,
  options: CaptureOptions = {},
): Promise<Captured> {
  const capturedFrom = sourceOf(entry);
  const first = capturedTools(await runOnce(entry, folder, options), { capturedFrom });
  const second = capturedTools(await runOnce(entry, folder, options), { capturedFrom });
  const changes = offerChanges(first, second);
  const unstable = changes.filter((line) => !/^. resource /.test(line));
  if (unstable.length > 0) {
    throw new PortolanError(
      'failed',
      'OFFER_UNSTABLE',
      `${entry.name} offers something else on each start (${unstable.slice(0, 5).join('; ')}); such definitions cannot be signed, so give the entry \`tools: {dynamic: REASON}\``,
    );
  }
  return keepStable(first, changes);
}

/** Resources are data: those that differ from run to run are left out, the rest are kept. */
function keepStable(tools: CapturedTools, changes: readonly string[]): Captured {
  if (changes.length === 0) return { tools, notes: [] };
  const unstable = new Set(changes.map((line) => line.replace(/^. resource /, '')));
  const { resources = [], ...rest } = tools;
  const kept = resources.filter(({ uri }) => !unstable.has(uri));
  return {
    tools: kept.length ? { ...rest, resources: kept } : rest,
    notes: [`left out resources that change from run to run: ${[...unstable].join('; ')}`],
  };
}

/** What `capturedFrom` says: package@version, the image reference, or the URL. */
export function sourceOf({ npm, container, remote }: ServerEntry): string {
  if (npm) return `${npm.package}@${npm.version}`;
  return container?.image ?? remote?.url ?? '';
}

async function runOnce(
  entry: ServerEntry,
  folder: string,
  options: CaptureOptions,
): Promise<Offer> {
  const { timeout = 60_000, open = openServer } = options;
  const temporary = await mkdtemp(join(tmpdir(), 'portolan-capture-'));
  try {
    const settings = await placeholderSettings(entry, temporary);
    const server = await open(entry, folder, settings);
    return await readFrom(server, entry.name, timeout);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function readFrom(server: OpenServer, name: string, timeout: number): Promise<Offer> {
  const signal = AbortSignal.timeout(timeout);
  try {
    return await readOffer(server.connect, signal);
  } catch (error) {
    if (error instanceof PortolanError) throw error;
    const fact = signal.aborted ? `gave no answer in ${timeout / 1000} s` : messageOf(error);
    const stderr = server.diagnostics().trim();
    throw new PortolanError(
      'failed',
      'CAPTURE_FAILED',
      `${name} could not be captured: ${fact}${stderr ? `; its stderr ends with:\n${lastLines(stderr)}` : ''}`,
      { cause: error },
    );
  } finally {
    await server.close();
  }
}

function lastLines(text: string): string {
  return text
    .split('\n')
    .slice(-15)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n');
}
