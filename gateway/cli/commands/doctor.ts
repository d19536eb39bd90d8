import type { Check } from '../../doctor/check.ts';
import { checkCatalogs, checkNetwork } from '../../doctor/check-catalogs.ts';
import { checkClients } from '../../doctor/check-clients.ts';
import { checkGateway } from '../../doctor/check-gateway.ts';
import { checkIsolation } from '../../doctor/check-isolation.ts';
import { checkSecrets } from '../../doctor/check-secrets.ts';
import { portolanPaths } from '../../paths.ts';
import { visible } from '../../relay/render-diff.ts';
import { print } from '../print.ts';
import { showProgress } from '../progress.ts';
import { style } from '../style.ts';

/** Checks what the gateway needs, and says for each fault what to do. Exit code 1 when one is there. */
export async function doctor({ json }: { json?: true }): Promise<void> {
  const paths = portolanPaths();
  const progress = showProgress(process.stderr, { lines: false });
  const groups: readonly (() => Promise<readonly Check[]>)[] = [
    () => checkGateway(paths),
    () => checkIsolation(process.env),
    () => checkNetwork(paths),
    // What a catalog has to say of itself is in its check.
    () => checkCatalogs(paths, () => {}),
    () => checkSecrets(paths, process.env),
    () => checkClients(),
  ];
  let done = 0;
  const checks = await Promise.all(
    groups.map(async (group) => {
      const found = await group();
      done += 1;
      progress.update('checking', done / groups.length);
      return found;
    }),
  ).finally(() => progress.done());
  const all = checks.flat();
  print(json, all, () => all.map(describe).join('\n'));
  if (all.some(({ ok }) => !ok)) process.exitCode = 1;
}

function describe({ name, ok, text, remedy }: Check): string {
  const mark = ok ? style.good('ok   ') : style.bad('FAULT');
  const line = `${mark}  ${name}: ${visible(text)}`;
  return remedy ? `${line}\n       ${style.dim('->')} ${visible(remedy)}` : line;
}
