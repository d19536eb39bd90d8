import { describe, expect, it } from 'vitest';
import type { ServerJson } from '../../scripts/site/model.ts';
import { CUT, type Packed, serverIn, shardOf } from '../../scripts/site/shard.ts';

const packed = (name: string, html: string): Packed => ({
  html,
  structured: { name },
  server: { entry: { name } } as ServerJson,
});

describe('a shard', () => {
  it('gives each server back as it was, wherever its HTML is cut', () => {
    const servers = [
      packed('whole', '<p>one</p>'),
      packed('halves', `<p>one</p>${CUT}<p>two</p>`),
      packed('thirds', `<p>one</p>${CUT}<p>two</p>${CUT}<p>three</p>`),
      { ...packed('quarters', `1${CUT}2${CUT}3${CUT}4`), tools: '<p>tools</p>' },
    ];
    const shard = JSON.parse(JSON.stringify(shardOf(servers)));
    for (const server of servers) {
      const html = server.html.replaceAll(CUT, '');
      expect(serverIn(shard, server.server.entry.name)).toEqual({
        middle: expect.any(String),
        ...server,
        html,
      });
    }
    expect(serverIn(shard, 'other')).toBeUndefined();
  });
});
