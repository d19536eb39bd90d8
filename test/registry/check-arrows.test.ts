import { expect, it } from 'vitest';
import { forbiddenImports } from '../../scripts/check-arrows.ts';

const check = (file: string, text: string) => forbiddenImports('/repo', `/repo/${file}`, text);

it.each([
  ['core/a/b.ts', "import { x } from '../../scripts/x.ts';", 'core imports scripts/x.ts'],
  ['core/a.ts', "export * from '../gateway/x.ts';", 'core imports gateway/x.ts'],
  ['scripts/a.ts', "const x = await import('../site/x.ts');", 'scripts imports site/x.ts'],
  [
    'gateway/a/b.ts',
    "import '../../scripts/registry/load.ts';",
    'gateway imports scripts/registry/load.ts',
  ],
  [
    'site/src/a.ts',
    "import x from '../../scripts/rules/run.ts';",
    'site imports scripts/rules/run.ts',
  ],
  [
    'site/src/a.astro',
    "---\nimport x from '../../gateway/x.ts';\n---",
    'site imports gateway/x.ts',
  ],
  [
    'gateway/a.ts',
    "new Worker(new URL('../scripts/x.ts', import.meta.url))",
    'gateway imports scripts/x.ts',
  ],
  ['core/a.ts', 'import {\n  a,\n} from "../site/b.ts";', 'core imports site/b.ts'],
])('%s must not have %j', (file, text, fact) => {
  expect(check(file, text)).toEqual([expect.stringContaining(fact)]);
});

it.each([
  [
    'core/a/b.ts',
    "import x from '../c.ts'; import y from '../../schemas/x.json' with { type: 'json' };",
  ],
  ['scripts/a.ts', "import x from '../core/c.ts'; import 'astro';"],
  ['site/src/a.ts', "import { loadRegistry } from '../../scripts/registry/load.ts';"],
  ['core/a.ts', "// unlike in '../scripts/x.ts'\n/* import x from '../site/x.ts' */"],
  ['test/a.test.ts', "import x from '../gateway/x.ts'; import y from '../site/y.ts';"],
])('%s may have %j', (file, text) => {
  expect(check(file, text)).toEqual([]);
});

it('tells the line', () => {
  expect(check('core/a.ts', "/* one\n   two */\nimport x from '../site/x.ts';")).toEqual([
    'core/a.ts:3: core imports site/x.ts; it may import core, schemas, so move what is shared to core',
  ]);
});
