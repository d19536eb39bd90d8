import type {
  PermissionIcon,
  PermissionLine,
} from '../../../../core/entry/describe-permissions.ts';
import type { ToolSummary } from '../../api/catalog.ts';
import { type Child, drawing, h, icon, plural } from '../dom.ts';

const ICONS: Readonly<Record<PermissionIcon, string>> = {
  network:
    'M10 2.500a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM2.5 10h15M10 2.500c4.5 4.5 4.5 10.5 0 15-4.5-4.5-4.5-10.5 0-15z',
  folder: 'M2.5 5.500v9.500h15V7H9.500L7.5 5.500z',
  key: 'M7 13a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm3.5-3.500h7v3m-3-3v2',
  limits: 'M3 14a7.2 7.2 0 1 1 14 0M10 13l3.5-5',
  state: 'M4 6.500h12v8H4zM7 4h6M7 17h6',
};

/** What a server may touch, in the same words and shape as on the site. */
export function permissionList(lines: readonly PermissionLine[]): HTMLElement {
  return h(
    'ul',
    {},
    lines.map(({ icon: name, tone, title, why, items }) =>
      h(
        'li',
        { class: tone },
        icon(ICONS[name]),
        h(
          'div',
          {},
          h('strong', {}, title),
          why && h('span', { class: 'muted' }, ` ${why}`),
          items &&
            h(
              'ul',
              {},
              items.map(({ before, code, after }) =>
                h('li', {}, before && `${before} `, h('code', {}, code), after && ` ${after}`),
              ),
            ),
        ),
      ),
    ),
  );
}

export function chip(text: Child, tone = ''): HTMLElement {
  return h('span', { class: `chip ${tone}`.trim() }, text);
}

const EFFECTS = { reads: 'good', writes: '', destroys: 'warn' } as const;
const EFFECT_WORDS = { reads: 'reads', writes: 'writes', destroys: 'can destroy' } as const;

export function effectChip(effect: ToolSummary['effect']): Child {
  return effect && chip(EFFECT_WORDS[effect], EFFECTS[effect]);
}

/** A tool that opens to its description and inputs. */
export function toolItem(
  tool: ToolSummary & { readonly refused?: string | undefined },
): HTMLElement {
  const [first = ''] = tool.description.split('\n');
  return h(
    'details',
    { class: 'tool', id: `tool-${tool.name}` },
    h(
      'summary',
      {},
      h('code', {}, tool.name),
      effectChip(tool.effect),
      tool.refused && chip('refused by policy', 'bad'),
      h('span', { class: 'muted' }, first),
    ),
    h(
      'div',
      {},
      tool.description !== first && h('p', { class: 'text' }, tool.description),
      tool.refused && h('p', { class: 'notice bad' }, tool.refused),
      tool.inputs.length === 0
        ? h('p', { class: 'muted small' }, 'Takes no input.')
        : h(
            'div',
            {
              class: 'scroll',
              tabindex: 0,
              role: 'region',
              'aria-label': `Inputs of ${tool.name}`,
            },
            h(
              'table',
              {},
              h(
                'thead',
                {},
                h(
                  'tr',
                  {},
                  ['Input', 'Type', 'Meaning'].map((text) => h('th', { scope: 'col' }, text)),
                ),
              ),
              h(
                'tbody',
                {},
                tool.inputs.map(({ name, type, required, description }) =>
                  h(
                    'tr',
                    {},
                    h(
                      'th',
                      { scope: 'row' },
                      h('code', {}, name),
                      required && h('span', { class: 'req' }, ' required'),
                    ),
                    h('td', {}, type),
                    h('td', {}, description),
                  ),
                ),
              ),
            ),
          ),
    ),
  );
}

const TICK =
  'M8 0l1.9 1.5 2.4-.2.8 2.3 2 1.4-.8 2.3.8 2.3-2 1.4-.8 2.3-2.4-.2L8 15l-1.9-1.9-2.4.2-.8-2.3-2-1.4.8-2.3-.8-2.3 2-1.4.8-2.3 2.4.2zM7 10.8l4.3-4.3-1.1-1.100L7 8.6 5.7 7.3 4.6 8.400z';

export function verifiedTick(): Child {
  const tick = drawing(TICK, 16, {
    class: 'tick',
    fill: 'currentColor',
    role: 'img',
    'aria-label': 'verified',
  });
  tick.removeAttribute('aria-hidden');
  return tick;
}

/** The letter that stands for a server. */
export function mark(title: string, big = false): HTMLElement {
  return h(
    'span',
    { class: big ? 'mark big' : 'mark', 'aria-hidden': 'true' },
    [...title][0]?.toUpperCase() ?? '',
  );
}

/** A place where nothing is yet, with what to do about it. */
export function empty(title: string, text: Child, ...more: readonly Child[]): HTMLElement {
  return h(
    'div',
    { class: 'empty panel' },
    h('h2', {}, title),
    h('p', { class: 'muted' }, text),
    more,
  );
}

/** The beginning of a page. */
export function head(title: string, lead: Child, ...actions: readonly Child[]): HTMLElement {
  return h(
    'header',
    { class: 'page-head' },
    h('div', {}, h('h1', { tabindex: -1 }, title), lead && h('p', { class: 'lead' }, lead)),
    actions.length > 0 && h('div', { class: 'buttons' }, actions),
  );
}

/** A unified diff, line by line; signs say what colours say. */
export function diffView(diff: string): HTMLElement {
  return h(
    'pre',
    { class: 'diff', tabindex: 0, role: 'region', 'aria-label': 'Changes of the file' },
    diff.split('\n').map((line, index) =>
      h(
        'span',
        {
          class:
            index < 2
              ? 'file'
              : line.startsWith('+')
                ? 'plus'
                : line.startsWith('-')
                  ? 'minus'
                  : line.startsWith('@@')
                    ? 'hunk'
                    : '',
        },
        `${line}\n`,
      ),
    ),
  );
}

/** Pairs of a name and a value. */
export function facts(rows: readonly (readonly [string, Child])[], wide = false): HTMLElement {
  return h(
    'dl',
    { class: wide ? 'facts wide' : 'facts' },
    rows
      .filter(([, value]) => value !== undefined && value !== '' && value !== false)
      .map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
}

export const toolCount = (count: number, dynamic: boolean): string =>
  count === 0 && dynamic ? 'Tools listed live' : plural(count, 'tool', 'tools');

/** A moment as the reader's clock shows it. */
export function time(iso: string, style: 'time' | 'date' = 'time'): HTMLElement {
  const date = new Date(iso);
  const text =
    style === 'date'
      ? date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
      : date.toLocaleTimeString(undefined, { hour12: false });
  return h('time', { datetime: iso, title: date.toLocaleString() }, text);
}
