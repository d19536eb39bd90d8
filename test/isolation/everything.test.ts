import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveEntry } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { launch } from '../../core/isolation/launch.ts';
import { ensureNpmTree, type NpmTree } from '../../core/isolation/npm-tree.ts';
import { BOXES, type BoxSetup, isMissing, setUpBox } from '../support/boxes.ts';
import { needs } from '../support/needs.ts';
import { converse } from '../support/probe.ts';

const folder = join(import.meta.dirname, '..', '..', 'registry', 'servers', 'everything');
const listed = load(readFileSync(join(folder, 'server.yaml'), 'utf8')) as ServerEntry;

describe.each(BOXES)('the reference server from npm in $box', ({ box }) => {
  const skip = isMissing(box) || needs('npm').skip;
  let setup: BoxSetup;
  let tree: NpmTree;
  let store: string;

  beforeAll(async () => {
    if (skip) return;
    setup = await setUpBox(box);
    store = mkdtempSync(join(tmpdir(), 'portolan-store-'));
    tree = await ensureNpmTree(listed, readFileSync(join(folder, 'package-lock.json')), store);
  });
  afterAll(async () => {
    await setup?.stop();
    if (store) rmSync(store, { recursive: true, force: true });
  });

  test.skipIf(skip)('answers a call', async () => {
    const { npm, ...rest } = listed;
    const entry: ServerEntry = setup.entry.container
      ? {
          ...rest,
          container: {
            image: setup.image?.reference ?? '',
            command: [...(setup.image?.everything ?? [])],
          },
        }
      : { ...rest, ...(npm ? { npm } : {}) };
    const resolved = resolveEntry(entry, { parameters: {}, secrets: {} });
    const plan = entry.npm ? { entry, resolved, tree } : { entry, resolved };
    const channel = await launch(plan, setup.options);
    const server = await converse(channel);
    try {
      const answer = await server.request('tools/call', {
        name: 'echo',
        arguments: { message: 'ahoy' },
      });
      expect(JSON.stringify(answer.result)).toContain('ahoy');
    } finally {
      await channel.close();
    }
  });
});
