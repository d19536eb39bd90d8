import { toLine } from '../../registry/format-findings.ts';
import { loadRegistry } from '../../registry/load.ts';
import { checkRegistry } from '../../rules/run.ts';

/** What is left to do for a new entry: findings that a person must settle, then notes to check. */
export async function remainingWork(
  registry: string,
  name: string,
  notes: readonly string[],
): Promise<{ readonly valid: boolean; readonly text: string }> {
  const findings = (await checkRegistry(await loadRegistry(registry))).filter(({ file }) =>
    file.includes(`/servers/${name}/`),
  );
  const lines = [
    ...(findings.length
      ? ['To do before it is valid:', ...findings.map((finding) => `  ${toLine(finding)}`)]
      : ['It is valid as it is.']),
    ...(notes.length ? ['Please check:', ...notes.map((note) => `  ${note}`)] : []),
    'Then:',
    `  npm run capture -- ${name}     records its tools again after a change`,
    `  npm run validate -- ${name}    checks it`,
    `  git checkout -b add-${name} && git add registry/servers/${name} && git commit && git push`,
    '  and open a pull request; registry/README.md tells what happens then.',
  ];
  return { valid: findings.length === 0, text: lines.join('\n') };
}
