import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { type Captured, capture } from '../contribute/capture/capture.ts';
import { offerChanges } from '../contribute/capture/offer.ts';
import { loadServer } from '../registry/load.ts';
import { type CaptureResult, trimResult } from './captures.ts';

/**
 * Runs the server of each entry, isolated, and compares what it offers with the committed
 * tools.json. Names without a folder (deleted entries) are left out.
 */
export async function checkCaptures(
  registry: string,
  names: readonly string[],
  options: {
    readonly run?: typeof capture;
    readonly timeout?: number;
    readonly onResult?: (result: CaptureResult) => void;
  } = {},
): Promise<CaptureResult[]> {
  const results: CaptureResult[] = [];
  for (const name of names) {
    const result = trimResult(await checkOne(registry, name, options.run ?? capture, options));
    options.onResult?.(result);
    results.push(result);
  }
  return results;
}

async function checkOne(
  registry: string,
  name: string,
  run: typeof capture,
  { timeout }: { readonly timeout?: number },
): Promise<CaptureResult> {
  const { entry, tools } = loadServer(registry, name);
  const skip = (why: string): CaptureResult => ({ name, result: 'skipped', lines: [why] });
  if (!entry) return skip('server.yaml does not fit the schema');
  if (entry.status?.state === 'withdrawn') return skip('the entry is withdrawn');
  if (entry.tools !== 'static') return skip('its tools are dynamic');
  if (tools?.captured?.capturedWith) {
    return skip(`its tools were recorded in another way: ${tools.captured.capturedWith}`);
  }
  let captured: Captured;
  try {
    captured = await run(entry, join(registry, 'servers', name), timeout ? { timeout } : {});
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return { name, result: 'failed', lines: messageOf(error).split('\n') };
  }
  const lines = offerChanges(tools?.captured, captured.tools);
  const isSame = tools?.captured !== undefined && lines.length === 0;
  return { name, result: isSame ? 'same' : 'differs', lines };
}
