import { expect, it } from 'vitest';
import { formatEntry } from '../../scripts/registry/format-entry.ts';
import { NPM } from '../rules/support.ts';

const MESSY = `\ufeff# About the name\r
version: 1.0.0   # of the entry\r
name: weather\r

# Two ways to say it
title: 'Weather'
tools:   static
secrets:
- description: "API key of the service."   # from the console
  name: api_key
# where it may go
permissions: { volumes: [ { access: read-only, path: '{folder}' } ], network: none }
env:
  ZED: "1"   # not sorted: order may matter to readers
  ALPHA: "2"
description: >-
  Tells the weather
  of a place.
# the end
`;

it('orders keys as the schema does, and keeps comments, quotes and values', () => {
  expect(
    formatEntry('server.yaml', MESSY),
  ).toBe(`# yaml-language-server: $schema=../../../schemas/server.schema.json
name: weather
# About the name
version: 1.0.0 # of the entry

# Two ways to say it
title: 'Weather'
description: >-
  Tells the weather of a place.
secrets:
  - name: api_key
    description: "API key of the service." # from the console
env:
  ZED: "1" # not sorted: order may matter to readers
  ALPHA: "2"
# where it may go
permissions: {network: none, volumes: [{path: '{folder}', access: read-only}]}
tools: static

# the end
`);
});

it('changes nothing the second time', () => {
  const once = formatEntry('server.yaml', MESSY);
  expect(formatEntry('server.yaml', once)).toBe(once);
  expect(formatEntry('server.yaml', NPM)).toBe(NPM);
});

it('keeps unknown keys, at the end', () => {
  expect(formatEntry('server.yaml', 'nmae: x\nname: y\n')).toMatch(/\nname: y\nnmae: x\n$/);
});

it('refuses what is not one YAML document', () => {
  expect(() => formatEntry('a/server.yaml', 'name: [x\n')).toThrow(/^a\/server\.yaml:2: /);
  expect(() => formatEntry('a/server.yaml', 'name: x\nname: y\n')).toThrow(
    'a/server.yaml:2: this key stands twice in the same mapping; keep one of them',
  );
});
