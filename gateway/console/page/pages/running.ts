import type { GatewayView, LogList } from '../../api/gateways.ts';
import type { LogText } from '../../api/types.ts';
import { ask, path, send } from '../api.ts';
import { fill, h, plural } from '../dom.ts';
import { listen } from '../live.ts';
import { action, problem } from '../parts/action.ts';
import { chip, empty, facts, head, time } from '../parts/show.ts';
import type { Page, View } from '../view.ts';

const LOOK_MS = 4_000;
const MOST_LINES = 1_000;

export const runningPage: Page = {
  title: 'Servers',
  icon: 'M3 4h14v5H3zM3 11h14v5H3zM6 6.500h.01M6 13.500h.01',
  open: async (view) => {
    const gateways = h('div', { class: 'stack' });
    const show = async () => {
      try {
        fill(
          gateways,
          gatewayList(await ask<readonly GatewayView[]>('/api/gateways', view.signal)),
        );
      } catch (error) {
        if (!view.signal.aborted) fill(gateways, problem(error));
      }
    };
    view.show(
      head(
        'Servers',
        'The gateways that run on this machine, the servers that they started in boxes, and what these say.',
      ),
      gateways,
      await logSection(view),
    );
    await view.follow(['gateways'], show);
    const timer = setInterval(() => void show(), LOOK_MS);
    view.signal.addEventListener('abort', () => clearInterval(timer));
  },
};

function gatewayList(found: readonly GatewayView[]): HTMLElement {
  if (found.length === 0) {
    return empty('No gateway runs', [
      'A gateway starts when a client does that is connected to Portolan. ',
      h('a', { href: '/clients' }, 'Connect a client'),
    ]);
  }
  return h('ul', { class: 'stack' }, found.map(gatewayPanel));
}

function gatewayPanel({ pid, startedAt, status, problem: fault }: GatewayView): HTMLElement {
  const faults = h('div', { class: 'faults' });
  const clients = status?.clients
    .map(({ name, version, principal }) => [name, version].filter(Boolean).join(' ') || principal)
    .join(', ');
  return h(
    'li',
    { class: 'panel item' },
    h(
      'div',
      { class: 'item-head' },
      h('h2', {}, clients ? `For ${clients}` : `Gateway ${pid}`),
      status && chip(status.transport),
      status?.profile && chip(`profile ${status.profile}`),
    ),
    fault && h('p', { class: 'notice bad' }, fault),
    facts(
      [
        ['Since', time(startedAt, 'date')],
        ['Process', String(pid)],
        ['Address', status?.endpoint && h('code', {}, status.endpoint)],
      ],
      true,
    ),
    status && serverTable(pid, status),
    faults,
    h(
      'div',
      { class: 'buttons' },
      action(
        'Stop the gateway',
        () => send(path`/api/gateways/${String(pid)}/stop`),
        { id: `stop-${pid}`, label: `Stop gateway ${pid}` },
        faults,
      ),
    ),
  );
}

function serverTable(pid: number, { servers }: NonNullable<GatewayView['status']>): HTMLElement {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Servers of gateway ${pid}` },
    h(
      'table',
      { class: 'gateway' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Server', 'State', 'Calls', 'Errors', 'Last call'].map((text) =>
            h('th', { scope: 'col' }, text),
          ),
          h('th', { scope: 'col' }, h('span', { class: 'sr' }, 'Stop')),
        ),
      ),
      h(
        'tbody',
        {},
        servers.map(({ name, running, calls, total, errors, lastCall, lastError }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, h('a', { href: path`/server/${name}` }, name)),
            h(
              'td',
              {},
              running > 0
                ? chip(running > 1 ? `runs ${running} times` : 'runs', 'good')
                : chip('not started'),
              calls > 0 && ` ${plural(calls, 'call', 'calls')} under way`,
            ),
            h('td', { class: 'number' }, String(total)),
            h(
              'td',
              { class: 'number' },
              errors > 0 ? h('span', { title: lastError ?? '' }, chip(String(errors), 'bad')) : '0',
            ),
            h('td', {}, lastCall ? time(lastCall) : ''),
            h(
              'td',
              {},
              running > 0 &&
                action(
                  'Stop',
                  () => send(path`/api/gateways/${String(pid)}/stop`, { server: name }),
                  { id: `stop-${pid}-${name}`, label: `Stop ${name}` },
                ),
            ),
          ),
        ),
      ),
    ),
  );
}

async function logSection(view: View): Promise<HTMLElement> {
  const files = await ask<LogList>('/api/logs', view.signal);
  const names = files.map(({ name }) => name);
  const lines = h('pre', {
    class: 'log',
    tabindex: 0,
    role: 'log',
    'aria-label': 'Log',
    'aria-live': 'off',
  });
  const choose = h(
    'select',
    { id: 'log-of', class: 'input', onchange: () => void load() },
    files.map(({ name, isGateway }) =>
      h('option', { value: name }, isGateway ? 'The gateways themselves' : name),
    ),
  );
  const append = (line: LogText) => {
    const isAtEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 8;
    lines.append(h('span', {}, h('time', {}, line.time.slice(11, 19)), ` ${line.text}\n`));
    if (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
    if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  };
  async function load(): Promise<void> {
    if (!choose.value) return;
    lines.replaceChildren();
    for (const line of await ask<readonly LogText[]>(path`/api/logs/${choose.value}`, view.signal))
      append(line);
    lines.scrollTop = lines.scrollHeight;
  }
  listen((event) => {
    if (event.topic !== 'log') return;
    if (!names.includes(event.line.server)) {
      names.push(event.line.server);
      choose.append(h('option', { value: event.line.server }, event.line.server));
      nothing.remove();
    }
    if (event.line.server === choose.value) append(event.line);
  }, view.signal);
  const nothing = h(
    'p',
    { class: 'muted' },
    files.length === 0 && 'No server has said anything yet.',
  );
  await load();
  return h(
    'section',
    { class: 'stack', 'aria-labelledby': 'logs' },
    h('h2', { id: 'logs' }, 'Logs'),
    nothing,
    h('div', { class: 'filters' }, h('label', { class: 'sr', for: 'log-of' }, 'Log of'), choose),
    lines,
  );
}
