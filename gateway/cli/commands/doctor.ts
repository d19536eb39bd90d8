import type { Check } from '../../doctor/check.ts';
import { checkMachine } from '../../doctor/check-machine.ts';
import { portolanPaths } from '../../paths.ts';
import { visible } from '../../relay/render-diff.ts';
import { print } from '../print.ts';
import { showProgress } from '../progress.ts';
import { style } from '../style.ts';

/** Checks what the gateway needs, and says for each fault what to do. Exit code 1 when one is there. */
export async function doctor({ json }: { json?: true }): Promise<void> {
  const paths = portolanPaths();
  const progress = showProgress(process.stderr, { lines: false });
  const all = await checkMachine(paths, process.env, (share) =>
    progress.update('checking', share),
  ).finally(() => progress.done());
  print(json, all, () => all.map(describe).join('\n'));
  if (all.some(({ ok }) => !ok)) process.exitCode = 1;
}

function describe({ name, ok, text, remedy }: Check): string {
  const mark = ok ? style.good('ok   ') : style.bad('FAULT');
  const line = `${mark}  ${name}: ${visible(text)}`;
  return remedy ? `${line}\n       ${style.dim('->')} ${visible(remedy)}` : line;
}
