import { resolveEntry } from '../../../core/entry/resolve.ts';
import { PortolanError } from '../../../core/errors.ts';
import { inspectPlan } from '../../../core/isolation/inspect.ts';
import { isolationOptions } from '../../compose/isolation-options.ts';
import { parseAssignments, typedParameters } from '../../profile/settings.ts';
import { compareTools, isSame } from '../../relay/compare.ts';
import { renderToolDiff } from '../../relay/render-diff.ts';
import { chooseServer, findServer, type ServerOptions, withServer } from '../one-server.ts';
import { print, table } from '../print.ts';
import { style } from '../style.ts';
import { signedTools } from './tool-actions.ts';

export async function diffServer(text: string, options: ServerOptions): Promise<void> {
  const chosen = await chooseServer(text, options);
  const { tools } = chosen.server;
  if (!tools) {
    throw new PortolanError(
      'usage',
      'TOOLS_DYNAMIC',
      `${chosen.upstream.name} has no signed tools to compare with: they are listed live`,
    );
  }
  const live = await withServer(chosen.upstream, async ({ list }) => (await list('tools')).items);
  const diff = compareTools(signedTools(chosen), live);
  print(options.json, diff, () =>
    isSame(diff)
      ? `${chosen.upstream.name}: all ${live.length} live tools are the signed ones`
      : coloured(renderToolDiff(diff)),
  );
  if (!isSame(diff)) process.exitCode = 1;
}

export async function inspectServer(text: string, options: ServerOptions): Promise<void> {
  const { server, profile } = await findServer(text, options);
  const { entry } = server;
  const { parameters, isolation = options.isolation } = profile.server(entry.name) ?? {};
  const assignments = parseAssignments(options.set).get(entry.name) ?? new Map();
  const resolved = resolveEntry(entry, {
    parameters: { ...parameters, ...typedParameters(entry, assignments) },
    secrets: Object.fromEntries((entry.secrets ?? []).map(({ name }) => [name, `<${name}>`])),
  });
  if (entry.remote) {
    const value = {
      url: resolved.url,
      headers: Object.keys(resolved.headers),
      oauth: entry.remote.oauth,
    };
    print(options.json, value, () =>
      [
        `${entry.title} runs elsewhere; the gateway connects to ${resolved.url}`,
        `Headers: ${value.headers.join(', ') || 'none'}`,
        `Sign-in: ${entry.remote?.oauth ? 'OAuth' : 'none'}`,
      ].join('\n'),
    );
    return;
  }
  const tree = { folder: '<npm tree>', script: `<${entry.npm?.package}>` };
  const inspection = await inspectPlan(
    { entry, resolved, ...(entry.npm ? { tree } : {}) },
    isolationOptions({ ...options, isolation }),
  );
  print(options.json, inspection, () =>
    [
      `${entry.title} runs in ${inspection.engine ?? inspection.driver} and may touch:`,
      table(
        inspection.grants.map(({ kind, detail, field }) => [`  ${kind}`, detail, `(${field})`]),
      ),
      resolved.network.length === 0 ? '  no network' : '',
      ...inspection.notes.map((text) => `  note: ${text}`),
      '',
      'Command:',
      `  ${inspection.command.map(quoted).join(' ')}`,
    ]
      .filter((line, index) => line !== '' || index > 3)
      .join('\n'),
  );
}

function coloured(diff: string): string {
  return diff
    .split('\n')
    .map((line) =>
      /^ *-/.test(line) ? style.bad(line) : /^ *\+/.test(line) ? style.good(line) : line,
    )
    .join('\n');
}

function quoted(part: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`;
}
