import type { SourceList, SourceReport } from '../../api/catalogs.ts';
import { ask, path, send } from '../api.ts';
import { type Child, fill, h, prose } from '../dom.ts';
import { action, problem } from '../parts/action.ts';
import { openDialog } from '../parts/dialog.ts';
import { field, form } from '../parts/field.ts';
import { confirmRemoval } from '../parts/removal.ts';
import { chip, empty, facts, head } from '../parts/show.ts';
import type { Page, View } from '../view.ts';

export const catalogsPage: Page = {
  title: 'Catalogs',
  icon: 'M10 3 3 6.5l7 3.5 7-3.5zM3 10l7 3.5 7-3.5M3 13.5 10 17l7-3.5',
  open: (view) =>
    view.follow(['catalogs'], async () => {
      const { sources } = await ask<SourceList>('/api/catalogs', view.signal);
      view.show(
        head(
          'Catalogs',
          'Where servers come from. Each catalog is pinned to whoever signs it; one with another signature, or an older number, is refused.',
          h(
            'button',
            { type: 'button', class: 'button primary', onclick: () => addDialog(view) },
            'Add a catalog',
          ),
        ),
        sources.length === 0
          ? empty(
              'No catalog yet',
              'Add one: its address, and the key or identity that signs it. Whoever gave you the address knows the key.',
            )
          : h(
              'ul',
              { class: 'stack' },
              sources.map((source) => sourceCard(view, source)),
            ),
      );
    }),
};

function sourceCard(
  view: View,
  { name, source, signers, shipped }: SourceList['sources'][number],
): HTMLElement {
  const status = h(
    'div',
    { class: 'status', role: 'status' },
    h('p', { class: 'muted small' }, 'Verifying …'),
  );
  void ask<SourceReport>(path`/api/catalogs/${name}`, view.signal).then(
    (report) => fill(status, reportView(report)),
    (error) => {
      if (!view.signal.aborted) fill(status, problem(error));
    },
  );
  const faults = h('div', { class: 'faults' });
  return h(
    'li',
    { class: 'panel item' },
    h(
      'div',
      { class: 'item-head' },
      h('h2', {}, name),
      h('code', { class: 'small muted' }, source),
    ),
    shipped &&
      h('p', { class: 'small muted' }, 'The catalog of this build, used until you add one.'),
    status,
    facts([['Trusted signer', signers.join('; ')]], true),
    faults,
    h(
      'div',
      { class: 'buttons' },
      action(
        'Update',
        async () => {
          const { text } = await send<{ text: string }>(path`/api/catalogs/${name}/update`);
          view.say(`${name}: ${text}`);
        },
        { id: `update-${name}`, label: `Update ${name}` },
        faults,
      ),
      !shipped &&
        action(
          'Remove',
          async () => removeDialog(name),
          { id: `remove-${name}`, label: `Remove ${name}` },
          faults,
        ),
    ),
  );
}

function reportView(report: SourceReport): Child {
  if (!report.ok) {
    return h(
      'div',
      { class: 'notice bad' },
      report.text.split('\n').map((line) => h('p', {}, prose(line))),
    );
  }
  return [
    h(
      'div',
      { class: 'chips' },
      chip('Verified', 'good'),
      chip(`Number ${report.number}`),
      chip(`${report.servers} servers`),
      report.offline &&
        chip(report.packaged ? 'Offline: came with Portolan' : 'Offline: from the cache', 'warn'),
      report.lookOnly && chip('To look at only', 'warn'),
      report.development && chip('Development key', 'warn'),
    ),
    h('p', { class: 'small muted' }, report.text.split('\n').slice(1).join(' ')),
  ];
}

function removeDialog(name: string): void {
  confirmRemoval(
    `Forget the catalog ${name}?`,
    'Nothing that runs is stopped. Servers that came from it cannot be started again until you add it.',
    () => send(path`/api/catalogs/${name}/remove`),
    'Forget it',
  );
}

function addDialog(view: View): void {
  openDialog('Add a catalog', (dialog) => {
    const source = field('Address', {
      required: true,
      placeholder: 'oci://ghcr.io/example/catalog',
      hint: [
        'A registry as ',
        h('code', {}, 'oci://HOST/REPOSITORY'),
        ', or a folder as ',
        h('code', {}, 'oci-layout:PATH'),
        '.',
      ],
    });
    const name = field('Name', { hint: 'A short name; its title when you leave this empty.' });
    const kind = field('Signed with', {
      choices: [
        ['key', 'A key'],
        ['identity', 'An identity (Sigstore)'],
      ],
    });
    const key = field('Public key (PEM)', { rows: 4, placeholder: '-----BEGIN PUBLIC KEY-----' });
    const identity = field('Identity', {
      placeholder:
        'https://github.com/example/catalog/.github/workflows/publish.yml@refs/heads/main',
    });
    const issuer = field('Issuer', { value: 'https://token.actions.githubusercontent.com' });
    const choose = () => {
      const isKey = kind.input.value === 'key';
      key.element.hidden = !isKey;
      identity.element.hidden = isKey;
      issuer.element.hidden = isKey;
    };
    kind.input.addEventListener('change', choose);
    choose();
    return form(
      [source, name, kind, key, identity, issuer].map(({ element }) => element),
      'Verify and add',
      async () => {
        const signer =
          kind.input.value === 'key'
            ? { publicKey: key.input.value }
            : { identity: identity.input.value, issuer: issuer.input.value };
        const added = await send<{ name: string }>('/api/catalogs', {
          source: source.input.value,
          name: name.input.value,
          ...signer,
        });
        view.say(`${added.name} was verified and added`);
        dialog.close();
      },
    );
  });
}
