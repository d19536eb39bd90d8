import type { UpdateList, UpdateView } from '../../api/updates.ts';
import { ask, path, send } from '../api.ts';
import { type Child, h, plural, prose } from '../dom.ts';
import { action } from '../parts/action.ts';
import { check } from '../parts/field.ts';
import { chip, effectChip, empty, head } from '../parts/show.ts';
import { profileInUse } from '../state.ts';
import type { Page, View } from '../view.ts';

export const updatesPage: Page = {
  title: 'Updates',
  icon: 'M16 4v4h-4M4 16v-4h4M15.5 8A6 6 0 0 0 5 6.500L4 8M4.5 12A6 6 0 0 0 15 13.500l1-1.5',
  open: (view) =>
    view.follow(['profiles', 'catalogs'], async () => {
      const { current } = profileInUse();
      view.show(head('Updates', 'Looking for newer versions …'));
      const list = await ask<UpdateList>(path`/api/profiles/${current}/updates`, view.signal);
      view.show(...updatesView(view, current, list));
    }),
};

function updatesView(
  view: View,
  profile: string,
  { servers, updates, problems }: UpdateList,
): Child[] {
  const agreed = new Set<string>();
  const faults = h('div', { class: 'faults' });
  const accept = async (chosen: readonly UpdateView[]) => {
    await send(path`/api/profiles/${profile}/updates`, {
      digests: chosen.map(({ digest }) => digest),
      agreed: [...agreed],
    });
    view.say(`${plural(chosen.length, 'update', 'updates')} accepted`);
  };
  const calm = updates.filter(({ widens }) => !widens);
  return [
    head(
      'Updates',
      `What the servers of ${profile} would change to. Nothing moves by itself: a server runs the version that is locked until you accept another one.`,
      updates.length > 1 &&
        action(
          `Accept all that ask for nothing more (${calm.length})`,
          () => accept(calm),
          { id: 'accept-all', class: 'button primary', disabled: calm.length === 0 },
          faults,
        ),
    ),
    faults,
    problems.map(({ server, message }) =>
      h('p', { class: 'notice bad' }, h('strong', {}, `${server}: `), prose(message)),
    ),
    updates.length === 0
      ? servers === 0
        ? empty(
            'No servers in this profile',
            'Servers that you add are compared with the catalogs here.',
            h('a', { class: 'button', href: '/' }, 'Look into the catalog'),
          )
        : empty(
            'Everything is up to date',
            `${plural(servers, 'server runs', 'servers run')} the newest version that the catalogs have, or the one that the profile keeps.`,
            h('a', { class: 'button', href: '/catalogs' }, 'Update the catalogs'),
          )
      : h(
          'ul',
          { class: 'stack' },
          updates.map((update) => updatePanel(update, agreed, accept)),
        ),
  ];
}

function updatePanel(
  update: UpdateView,
  agreed: Set<string>,
  accept: (chosen: readonly UpdateView[]) => Promise<void>,
): HTMLElement {
  const { server, from, to, digest, widens } = update;
  const faults = h('div', { class: 'faults' });
  const button = action(
    'Accept',
    () => accept([update]),
    {
      id: `accept-${server}`,
      class: 'button primary',
      label: `Accept ${server} ${to}`,
      disabled: widens,
    },
    faults,
  );
  const consent = check(`I agree that ${server} may do more than before`, {
    id: `agree-${server}`,
    onchange: () => {
      if (consent.input.checked) agreed.add(digest);
      else agreed.delete(digest);
      button.toggleAttribute('disabled', !consent.input.checked);
    },
  });
  return h(
    'li',
    { class: 'panel item' },
    h(
      'div',
      { class: 'item-head' },
      h('h2', {}, h('a', { href: path`/server/${server}` }, server)),
      h('span', {}, from ? `${from} → ${to}` : `${to}, for the first time`),
      widens ? chip('asks for more', 'warn') : chip('asks for nothing more', 'good'),
    ),
    changeList(update),
    faults,
    widens && consent.element,
    h('div', { class: 'buttons' }, button),
  );
}

function changeList(update: UpdateView): Child {
  const { notes, more, less, toolsAdded, toolsRemoved, toolsChanged } = update;
  const line = (kind: 'more' | 'less' | 'other', sign: string, meaning: string, ...text: Child[]) =>
    h(
      'li',
      { class: kind },
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      h('span', {}, h('span', { class: 'sr' }, `${meaning}: `), text),
    );
  const lines = [
    ...notes.map((text) => line('more', '!', 'Somebody else vouches for it', text)),
    ...more.map((text) => line('more', '+', 'More', text)),
    ...less.map((text) => line('less', '−', 'Less', text)),
    ...toolsAdded.map((tool) =>
      line(
        'more',
        '+',
        'New tool',
        'tool ',
        h('code', {}, tool.name),
        ' ',
        effectChip(tool.effect),
        h('span', { class: 'muted' }, ` ${tool.description.split('\n')[0]}`),
      ),
    ),
    ...toolsRemoved.map((name) => line('less', '−', 'Tool gone', 'tool ', h('code', {}, name))),
    ...toolsChanged.map(({ name, parts, before, after }) =>
      line(
        'other',
        '≠',
        'Tool changed',
        'tool ',
        h('code', {}, name),
        `: another ${parts.join(', ')}`,
        before !== after &&
          h(
            'details',
            {},
            h('summary', {}, 'Both descriptions'),
            h('p', { class: 'small text' }, h('strong', {}, 'Before: '), before),
            h('p', { class: 'small text' }, h('strong', {}, 'After: '), after),
          ),
      ),
    ),
  ];
  return lines.length > 0
    ? h('ul', { class: 'changes' }, lines)
    : h(
        'p',
        { class: 'small muted' },
        'Only words or the package’s version changed: the permissions and tools are the same.',
      );
}
