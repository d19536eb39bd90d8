import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

const PAGE = 'docs/quick-start.md';
/** Characters that somebody types in a minute who is not in a hurry. */
const A_MINUTE = 200;

describe.skipIf(needs('bwrap', 'npm').skip)('the session of the quick start', () => {
  let catalog: BuiltCatalog;
  let home = '';
  beforeAll(async () => {
    // Servers that the words of the session must tell apart.
    catalog = await builtCatalog(['everything', 'context7', 'filesystem', 'memory', 'tavily']);
    home = mkdtempSync(join(tmpdir(), 'portolan-session-'));
  });
  afterAll(() => {
    catalog.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const session = sessionIn(readFileSync(PAGE, 'utf8'));

  it('takes less than a minute to type', () => {
    expect(session.length).toBeGreaterThanOrEqual(3);
    expect(session.map(({ typed }) => `${typed}\n`).join('').length).toBeLessThan(A_MINUTE);
  });

  it('prints what the page says', { timeout: 180_000 }, async () => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOME: home,
      PORTOLAN_DEFAULT_CATALOG: 'none',
    };
    for (const name of ['PORTOLAN_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME']) {
      delete env[name];
    }
    const [, source = '', ...key] = catalog.source;
    // On a machine of its own, the catalog of the package is there already.
    await runPortolan(['catalog', 'add', source, ...key], { env });
    for (const { typed, printed } of session) {
      const [npx, yes, name, ...args] = typed.split(' ');
      expect([npx, yes, name]).toEqual(['npx', '-y', 'portolan']);
      const { code, stdout, stderr } = await runPortolan(args, { env });
      expect([typed, code, code === 0 ? '' : stderr]).toEqual([typed, 0, '']);
      const lines = stdout.replaceAll(home, '/home/you').trimEnd().split('\n');
      expect(lines.map((line, index) => cutAs(printed[index], line))).toEqual(printed);
    }
  });
});

/** Commands of the page's session, each with the lines below it. */
function sessionIn(page: string): { readonly typed: string; readonly printed: string[] }[] {
  const [, block = ''] = /^```console\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const commands: { typed: string; printed: string[] }[] = [];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) commands.push({ typed: line.slice(2), printed: [] });
    else commands.at(-1)?.printed.push(line);
  }
  return commands;
}

/** A page may cut a long line off. */
function cutAs(shown: string | undefined, line: string): string {
  if (!shown?.endsWith('…')) return line;
  return `${line.slice(0, shown.length - 1)}…`;
}
