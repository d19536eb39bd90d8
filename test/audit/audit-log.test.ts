import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shapeOf } from '../../gateway/audit/argument-shape.ts';
import { openAuditLog } from '../../gateway/audit/audit-log.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesIn = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a line says who called what, with the shape of the arguments and no value', async () => {
  const path = join(folder, 'state', 'audit.jsonl');
  const log = openAuditLog({ path, redact: (text) => text.replaceAll('hunter22', '[redacted]') });
  log.write({
    event: 'call',
    server: 'files',
    digest: 'sha256:abc',
    principal: 'alice',
    method: 'tools/call',
    name: 'read',
    verdict: 'error',
    durationMs: 3,
    detail: 'no file hunter22',
    params: { name: 'read', arguments: { path: '/home/alice/diary', key: 'hunter22', n: 1 } },
  });
  log.write({ event: 'call', server: 'files', name: 'db://me:pw@host/t?key=hunter22' });
  await log.close();
  const [first, second] = linesIn(path);
  expect(first).toMatchObject({
    event: 'call',
    server: 'files',
    digest: 'sha256:abc',
    principal: 'alice',
    name: 'read',
    verdict: 'error',
    durationMs: 3,
    detail: 'no file [redacted]',
    arguments: { path: 'text 17', key: 'text 8', n: 'number' },
  });
  expect(second?.name).toBe('db://...@host/t?...');
  expect(readFileSync(path, 'utf8')).not.toMatch(/hunter22|diary|pw@/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('the shape of arguments is bounded, and names that may be data do not appear', () => {
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, n]));
  expect(Object.keys(shapeOf(wide) as object)).toHaveLength(40);
  expect(shapeOf({ 'alice@example.com': true, [`t${'x'.repeat(40)}`]: [['a'], 2] })).toEqual({
    'field 1': 'boolean',
    'field 2': ['list 2', ['list 1', 'text 1']],
  });
  expect(shapeOf({ a: { b: { c: { d: { e: 1 } } } } })).toEqual({
    a: { b: { c: { d: 'object 1' } } },
  });
});

test('several processes write at once and put files aside: no line is lost or torn', async () => {
  const path = join(folder, 'audit.jsonl');
  const child = resolve('test/audit/writer.child.ts');
  const [writers, each] = [4, 500];
  const codes = await Promise.all(
    Array.from(
      { length: writers },
      (_, writer) =>
        new Promise((done) =>
          spawn(process.execPath, [child, path, String(writer), String(each)], {
            stdio: 'inherit',
          }).once('exit', done),
        ),
    ),
  );
  expect(codes).toEqual([0, 0, 0, 0]);
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  expect(files.length).toBeGreaterThan(2);
  const seen = new Set(
    files.flatMap((name) =>
      linesIn(join(folder, name)).map(({ server, name: n }) => `${server} ${n}`),
    ),
  );
  expect(seen.size).toBe(writers * each);
});

test('old files go, and a log that cannot be written is told once', async () => {
  const path = join(folder, 'audit.jsonl');
  for (let round = 0; round < 5; round += 1) {
    const log = openAuditLog({ path, redact: String, maxBytes: 10, keep: 2 });
    log.write({ event: 'call', server: `round-${round}` });
    await log.close();
  }
  expect(readdirSync(folder).sort()).toEqual(['audit.1.jsonl', 'audit.2.jsonl']);
  expect(linesIn(join(folder, 'audit.1.jsonl'))[0]?.server).toBe('round-4');

  const said: string[] = [];
  mkdirSync(join(folder, 'taken'));
  const broken = openAuditLog({
    path: join(folder, 'taken'),
    redact: String,
    log: (line) => said.push(line),
  });
  for (let turn = 0; turn < 3; turn += 1) {
    broken.write({ event: 'call', server: 'x' });
    await new Promise((done) => setImmediate(done));
    await new Promise((done) => setImmediate(done));
  }
  expect(broken.failure).toContain('EISDIR');
  expect(said).toHaveLength(1);
  await broken.close();
});
