import type { AuditLine } from '../../api/types.ts';
import { ask } from '../api.ts';
import { type Child, fill, h, plural } from '../dom.ts';
import { listen } from '../live.ts';
import { chip, empty, head, time } from '../parts/show.ts';
import { stepsOf } from '../steps.ts';
import type { Page, View } from '../view.ts';

const MOST = 1_000;

export const activityPage: Page = {
  title: 'Activity',
  icon: 'M2 10.5h3.5L8 4l4 12 2.5-5.5H18',
  open: async (view) => {
    const lines = [...(await ask<readonly AuditLine[]>('/api/activity', view.signal))];
    const known = new Set(lines.map(({ id }) => id));
    new ActivityView(view, lines, known);
  },
};

const VERDICTS: Readonly<Record<string, string>> = {
  ok: 'good',
  error: 'bad',
  refused: 'bad',
  withheld: 'warn',
  cancelled: '',
};

/** What an event that is no call means. */
const EVENTS: Readonly<Record<string, string>> = {
  started: 'server started',
  stopped: 'server stopped',
  failed: 'server failed',
  'tools-differ': 'tools are not the signed ones',
  'server-refused': 'server refused by policy',
  'server-added': 'server added',
  'server-removed': 'server removed',
  'secret-found': 'a secret was found and taken out',
};

/** The table of calls: live, filtered, paused. State is real here, so it is a class. */
class ActivityView {
  readonly #view: View;
  readonly #lines: AuditLine[];
  readonly #known: Set<string>;
  readonly #body = h('tbody');
  readonly #count = h('p', { class: 'small muted', role: 'status' });
  readonly #server = h('select', {
    id: 'by-server',
    class: 'input',
    onchange: () => this.#render(),
  });
  readonly #verdict = h(
    'select',
    { id: 'by-verdict', class: 'input', onchange: () => this.#render() },
    [
      ['', 'Any verdict'],
      ['ok', 'ok'],
      ['error', 'error'],
      ['refused', 'refused'],
      ['withheld', 'withheld'],
      ['cancelled', 'cancelled'],
    ].map(([value, text]) => h('option', { value }, text)),
  );
  readonly #words = h('input', {
    id: 'by-words',
    type: 'search',
    class: 'input',
    placeholder: 'Tool, client, detail',
    oninput: () => this.#render(),
  });
  readonly #events = h('input', {
    type: 'checkbox',
    id: 'with-events',
    onchange: () => this.#render(),
  });
  readonly #pause = h(
    'button',
    { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: () => this.#toggle() },
    'Pause',
  );
  #waiting: AuditLine[] = [];
  #paused = false;
  #open = new Set<string>();

  constructor(view: View, lines: AuditLine[], known: Set<string>) {
    this.#view = view;
    this.#lines = lines;
    this.#known = known;
    listen((event) => {
      if (event.topic === 'audit') this.#add(event.line);
    }, view.signal);
    this.#show();
  }

  #show(): void {
    const { query } = this.#view;
    this.#words.value = query.get('q') ?? '';
    this.#view.show(
      head(
        'Activity',
        'Every call that went through a gateway on this machine, as the audit log has it: which tool, how long, and what became of it. Arguments and results are not kept.',
        this.#pause,
      ),
      h(
        'div',
        { class: 'filters', role: 'group', 'aria-label': 'Filters' },
        h('label', { class: 'sr', for: 'by-words' }, 'By words'),
        this.#words,
        h('label', { class: 'sr', for: 'by-server' }, 'By server'),
        this.#server,
        h('label', { class: 'sr', for: 'by-verdict' }, 'By verdict'),
        this.#verdict,
        h('label', { class: 'check' }, this.#events, h('span', {}, 'Also starts and stops')),
      ),
      this.#count,
      h(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Calls' },
        h(
          'table',
          { class: 'calls' },
          h('caption', { class: 'sr' }, 'Calls, newest first'),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['When', 'Server and tool', 'Client', 'Duration', 'Verdict'].map((text) =>
                h('th', { scope: 'col' }, text),
              ),
            ),
          ),
          this.#body,
        ),
      ),
    );
    this.#render();
  }

  #toggle(): void {
    this.#paused = !this.#paused;
    if (!this.#paused) {
      for (const line of this.#waiting) this.#lines.push(line);
      this.#waiting = [];
    }
    this.#pause.setAttribute('aria-pressed', String(this.#paused));
    this.#render();
  }

  #add(line: AuditLine): void {
    if (this.#known.has(line.id)) return;
    this.#known.add(line.id);
    (this.#paused ? this.#waiting : this.#lines).push(line);
    if (this.#lines.length > MOST) this.#lines.splice(0, this.#lines.length - MOST);
    this.#render(this.#paused ? undefined : line.id);
  }

  #matching(): readonly AuditLine[] {
    const words = this.#words.value.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#lines.filter((line) => {
      if (line.event !== 'call' && !this.#events.checked) return false;
      if (this.#server.value && line.server !== this.#server.value) return false;
      if (this.#verdict.value && line.verdict !== this.#verdict.value) return false;
      const text = [line.server, line.name, line.principal, line.detail, line.event]
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  #render(fresh?: string): void {
    this.#pause.textContent = this.#paused
      ? `Go on${this.#waiting.length > 0 ? ` (${this.#waiting.length} new)` : ''}`
      : 'Pause';
    this.#renderServers();
    const matching = this.#matching().toReversed();
    this.#count.textContent = plural(matching.length, 'line', 'lines');
    if (matching.length === 0) {
      fill(this.#body, h('tr', {}, h('td', { colspan: 5, class: 'none' }, this.#empty())));
      return;
    }
    fill(
      this.#body,
      matching.slice(0, 300).map((line) => this.#row(line, line.id === fresh)),
    );
  }

  #renderServers(): void {
    const names = [...new Set(this.#lines.map(({ server }) => server))].filter(Boolean).sort();
    if (this.#server.options.length === names.length + 1) return;
    const chosen = this.#server.value;
    fill(
      this.#server,
      h('option', { value: '' }, 'Any server'),
      names.map((name) => h('option', { value: name, selected: name === chosen }, name)),
    );
  }

  #empty(): Child {
    return this.#lines.some(({ event }) => event === 'call')
      ? h('p', { class: 'muted' }, 'Nothing matches. Choose less, or clear the words.')
      : empty('No calls yet', [
          'Connect a client, and use one of its tools: the call appears here at once. ',
          h('a', { href: '/clients' }, 'Connect a client'),
        ]);
  }

  #row(line: AuditLine, isFresh: boolean): Child {
    const { id, verdict, durationMs } = line;
    const isOpen = this.#open.has(id);
    const label = line.event === 'call' ? (line.name ?? '') : (EVENTS[line.event] ?? line.event);
    const toggle = h(
      'button',
      {
        type: 'button',
        class: 'row-toggle',
        id: `call-${id}`,
        'aria-expanded': String(isOpen),
        onclick: () => {
          if (isOpen) this.#open.delete(id);
          else this.#open.add(id);
          this.#render();
        },
      },
      h('span', { class: 'muted' }, line.server),
      h('code', {}, label),
    );
    return [
      h(
        'tr',
        { class: [isFresh && 'fresh', line.event !== 'call' && 'event'].filter(Boolean).join(' ') },
        h('td', {}, time(line.time)),
        h('th', { scope: 'row' }, toggle),
        h('td', {}, line.principal),
        h('td', { class: 'number' }, durationMs === undefined ? '' : duration(durationMs)),
        h(
          'td',
          {},
          verdict
            ? chip(verdict, VERDICTS[verdict])
            : line.event === 'failed' || line.event === 'secret-found'
              ? chip(line.event, 'bad')
              : '',
        ),
      ),
      isOpen && h('tr', { class: 'steps-row' }, h('td', { colspan: 5 }, this.#steps(line))),
    ];
  }

  #steps(line: AuditLine): Child {
    const steps = stepsOf(line, this.#lines);
    return [
      h(
        'ol',
        { class: 'steps' },
        steps.map(({ at, text, detail, tone }) =>
          h(
            'li',
            { class: tone },
            h('span', { class: 'number' }, at),
            h('span', {}, text, detail && h('span', { class: 'muted' }, ` ${detail}`)),
          ),
        ),
      ),
      line.arguments !== undefined && [
        h('p', { class: 'small muted' }, 'Shape of the arguments'),
        h('pre', {}, JSON.stringify(line.arguments, null, 2)),
      ],
      h(
        'p',
        { class: 'small muted' },
        [
          line.method,
          line.digest,
          line.traceId && `trace ${line.traceId}`,
          line.pid && `gateway ${line.pid}`,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    ];
  }
}

export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
