import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { validatorOf } from '../../core/entry/schema.ts';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'registry', 'README.md'), 'utf8');

test('the example entry fits the schema and means what the text says', () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const entry = parse(yaml.replace('sha512-...', `sha512-${'A'.repeat(86)}==`));
  const validate = validatorOf('server');
  expect(validate(entry), JSON.stringify(validate.errors)).toBe(true);
  const { env, secretEnv, volumes } = resolveEntry(entry, {
    parameters: { folder: '/home/me/maps' },
    secrets: { api_key: 'k' },
  });
  expect(env).toEqual({ WEATHER_MAPS: '/maps' });
  expect(secretEnv).toEqual({ WEATHER_KEY: 'k' });
  expect(volumes).toEqual([{ source: '/home/me/maps', target: '/maps', access: 'read-write' }]);
});

test.each(['registry/README.md', 'CONTRIBUTING.md', 'docs/registry-care.md'])(
  'every script that %s names exists',
  (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(scripts.length).toBeGreaterThan(0);
    for (const name of scripts) expect(Object.keys(manifest.scripts)).toContain(name);
  },
);
