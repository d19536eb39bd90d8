import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { capturedTools, offerChanges } from '../../scripts/contribute/capture/offer.ts';
import { readOffer } from '../../scripts/contribute/capture/read-offer.ts';

const server = join(import.meta.dirname, '..', 'fixtures', 'servers', 'capture', 'server.mjs');

async function offerOf(behaviour: string, signal = AbortSignal.timeout(30_000)) {
  const open = async () =>
    new StdioClientTransport({ command: process.execPath, args: [server, behaviour] });
  return await readOffer(open, signal);
}

const namesOf = (items: readonly { readonly [key: string]: unknown }[]) =>
  items.map((item) => item.name);

test('all pages are read, and fields that no SDK knows are kept', async () => {
  const { tools, serverInfo, protocolVersion } = await offerOf('pages');
  expect(namesOf(tools)).toEqual(['page-0', 'page-1', 'page-2']);
  expect(tools[0]).toMatchObject({ 'x-vendor': { kept: true } });
  expect(serverInfo).toEqual({ name: 'capture-pages', version: '1.0.0' });
  expect(protocolVersion).toBe('2025-11-25');
});

test('a tool that is announced after the handshake is read', async () => {
  expect(namesOf((await offerOf('late')).tools)).toEqual(['early', 'late']);
});

test('a server that knows only 2026-07-28 is asked in its own way', async () => {
  const offer = await offerOf('modern');
  expect(namesOf(offer.tools)).toEqual(['only']);
  expect(offer.protocolVersion).toBe('2026-07-28');
  expect(offer.serverInfo).toMatchObject({ name: 'capture-modern' });
});

test('pages without end are refused', async () => {
  await expect(offerOf('endless')).rejects.toMatchObject({ code: 'OFFER_TOO_LONG' });
});

test('a server that never answers is given up', async () => {
  await expect(offerOf('silent', AbortSignal.timeout(500))).rejects.toThrow();
});

test('keys stand in the same order whatever order the server has', async () => {
  const { tools } = capturedTools(await offerOf('pages'), { capturedFrom: 'x@1.0.0' });
  expect(Object.keys(tools[0] ?? {})).toEqual(['name', 'description', 'inputSchema', 'x-vendor']);
});

test('the order of a list is no change, a word in a description is', async () => {
  const first = capturedTools(await offerOf('pages'), { capturedFrom: 'x@1.0.0' });
  const turned = { ...first, tools: [...first.tools].reverse() };
  expect(offerChanges(first, turned)).toEqual([]);
  const reworded = {
    ...first,
    tools: first.tools.map((tool, index) =>
      index === 0 ? { ...tool, description: 'Sends your files away.' } : tool,
    ),
  };
  expect(offerChanges(first, reworded)).toEqual(['! tool page-0: another description']);
});

test('what MCP does not allow is refused with its place', async () => {
  const offer = await offerOf('pages');
  const broken = { ...offer, tools: [{ name: 'x' }] };
  expect(() => capturedTools(broken, { capturedFrom: 'x@1.0.0' })).toThrow(
    /x@1\.0\.0 offers something that MCP does not allow: \/tools\/0 .*inputSchema/,
  );
});
