import type { SecretList, ServerSecrets } from '../../api/secrets.ts';
import { ask, path, send } from '../api.ts';
import { type Child, h, outside, plural, prose } from '../dom.ts';
import { isMissing } from '../missing.ts';
import { action } from '../parts/action.ts';
import { openDialog } from '../parts/dialog.ts';
import { check, field, form } from '../parts/field.ts';
import { confirmRemoval } from '../parts/removal.ts';
import { chip, empty, head } from '../parts/show.ts';
import { signInDialog } from '../parts/sign-in.ts';
import { unlockForm } from '../parts/unlock.ts';
import { profileInUse } from '../state.ts';
import type { Page, View } from '../view.ts';

export const secretsPage: Page = {
  title: 'Secrets & sign-in',
  icon: 'M7 13a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm3.5-3.5h7v3m-3-3v2',
  open: (view) =>
    view.follow(['secrets', 'profiles', 'catalogs'], async () => {
      const { current } = profileInUse();
      const list = await ask<SecretList>(
        `/api/secrets?profile=${encodeURIComponent(current)}`,
        view.signal,
      );
      view.show(...secretsView(view, list));
    }),
};

type Status = ServerSecrets['secrets'][number];

function secretsView(view: View, { profile, vault, locked, servers }: SecretList): Child[] {
  const missing = servers.filter(isMissing);
  const rest = servers.filter((server) => !isMissing(server));
  return [
    head('Secrets & sign-in', [
      'Credentials are encrypted on this machine and given only to the server that declares them. ',
      vault ? `The vault’s key is in ${vault}.` : 'The vault is made when you set the first one.',
    ]),
    locked &&
      h(
        'div',
        { class: 'notice' },
        h('p', {}, 'The vault is locked, so it is not known here who is signed in.'),
        unlockForm(false, () => view.go('/secrets')),
      ),
    servers.length === 0 &&
      empty(
        `Nothing is needed for the profile ${profile}`,
        'Servers that need a key or a sign-in appear here as soon as they are in the profile.',
        h('a', { class: 'button', href: '/' }, 'Look into the catalog'),
      ),
    missing.length > 0 &&
      h(
        'section',
        { class: 'stack', 'aria-labelledby': 'missing' },
        h(
          'h2',
          { id: 'missing' },
          `${plural(missing.length, 'server waits', 'servers wait')} for you`,
        ),
        h(
          'ul',
          { class: 'stack' },
          missing.map((server) => serverPanel(view, server)),
        ),
      ),
    rest.length > 0 &&
      h(
        'section',
        { class: 'stack', 'aria-labelledby': 'kept' },
        h('h2', { id: 'kept' }, missing.length > 0 ? 'All others' : 'Kept'),
        h(
          'ul',
          { class: 'stack' },
          rest.map((server) => serverPanel(view, server)),
        ),
      ),
  ];
}

function serverPanel(view: View, server: ServerSecrets): HTMLElement {
  const { name, title, secrets, signIn, problem: fault, inProfile } = server;
  return h(
    'li',
    { class: 'panel item' },
    h(
      'div',
      { class: 'item-head' },
      h('h3', {}, h('a', { href: path`/server/${name}` }, title)),
      !inProfile && chip('not in this profile'),
    ),
    fault && h('p', { class: 'notice bad' }, prose(fault)),
    h(
      'ul',
      { class: 'rows' },
      secrets.map((secret) => secretRow(view, server, secret)),
      signIn && signInRow(view, server, signIn),
    ),
  );
}

const ORIGINS: Readonly<Record<string, string>> = {
  environment: 'from the environment',
  profile: 'reference of the profile',
  reference: 'reference to a password manager',
  vault: 'in the vault',
  shared: 'in the vault, for every profile',
};

function secretRow(view: View, server: ServerSecrets, secret: Status): HTMLElement {
  const { name, description, url, required, origin } = secret;
  const faults = h('div', { class: 'faults' });
  const label = `${name} of ${server.title}`;
  const canChange = origin !== 'environment' && origin !== 'profile';
  return h(
    'li',
    { class: 'row' },
    h(
      'div',
      {},
      h(
        'p',
        {},
        h('code', {}, name),
        ' ',
        origin
          ? chip(ORIGINS[origin] ?? origin, 'good')
          : required
            ? chip('missing', 'bad')
            : chip('not set, optional'),
      ),
      h('p', { class: 'small muted' }, description, url && [' ', outside(url, 'Get it')]),
      faults,
    ),
    h(
      'div',
      { class: 'buttons' },
      canChange &&
        h(
          'button',
          {
            type: 'button',
            class: origin ? 'button' : 'button primary',
            id: `set-${server.name}-${name}`,
            'aria-label': `${origin ? 'Replace' : 'Set'} ${label}`,
            onclick: () => setDialog(view, server, secret),
          },
          origin ? 'Replace' : 'Set',
        ),
      origin &&
        canChange &&
        action(
          'Remove',
          async () => removeDialog(server, secret),
          { label: `Remove ${label}`, id: `remove-${server.name}-${name}` },
          faults,
        ),
    ),
  );
}

/** The value goes to the console once, and is never sent back. */
export function setDialog(
  view: View,
  server: Pick<ServerSecrets, 'name' | 'title'>,
  secret: Pick<Status, 'name' | 'description' | 'url'>,
): void {
  openDialog(`${secret.name} of ${server.title}`, (dialog) => {
    const kind = field('Kept', {
      choices: [
        ['value', 'Encrypted in the vault of this machine'],
        ['reference', 'In a password manager; only a reference is kept here'],
      ],
    });
    const value = field('Value', {
      type: 'password',
      autocomplete: 'new-password',
      hint: secret.description,
    });
    const reference = field('Reference', { placeholder: 'op://vault/item/field' });
    const shared = check('For every profile, not only this one');
    const choose = () => {
      value.element.hidden = kind.input.value !== 'value';
      reference.element.hidden = kind.input.value === 'value';
    };
    kind.input.addEventListener('change', choose);
    choose();
    return [
      h(
        'p',
        { class: 'small' },
        outside(secret.url, secret.url ? 'Get it from the publisher' : ''),
      ),
      form(
        [kind.element, value.element, reference.element, shared.element],
        'Keep it',
        async () => {
          const given =
            kind.input.value === 'value'
              ? { value: value.input.value }
              : { reference: reference.input.value };
          await send(path`/api/secrets/${server.name}/${secret.name}`, {
            ...given,
            shared: shared.input.checked,
            profile: profileInUse().current,
          });
          value.input.value = '';
          view.say(`${secret.name} of ${server.title} is set`);
          dialog.close();
        },
      ),
    ];
  });
}

function removeDialog(server: ServerSecrets, secret: Status): void {
  confirmRemoval(
    `Remove ${secret.name} of ${server.title}?`,
    'It is taken out of the vault. To use the server again you have to set it anew.',
    () =>
      send(path`/api/secrets/${server.name}/${secret.name}/remove`, {
        shared: secret.origin === 'shared',
        profile: profileInUse().current,
      }),
  );
}

function signInRow(
  view: View,
  server: ServerSecrets,
  { info, required, manual }: NonNullable<ServerSecrets['signIn']>,
): HTMLElement {
  const faults = h('div', { class: 'faults' });
  return h(
    'li',
    { class: 'row' },
    h(
      'div',
      {},
      h(
        'p',
        {},
        'Sign-in ',
        info
          ? chip('signed in', 'good')
          : required
            ? chip('missing', 'bad')
            : chip('not signed in, optional'),
      ),
      h(
        'p',
        { class: 'small muted' },
        info
          ? [
              info.issuer,
              info.renewable
                ? ' · renewed by itself'
                : info.expiresAt
                  ? ` · until ${new Date(info.expiresAt).toLocaleString()}`
                  : '',
            ]
          : 'In the browser, at the publisher’s own page. The tokens stay in the vault.',
      ),
      faults,
    ),
    h(
      'div',
      { class: 'buttons' },
      info
        ? action(
            'Sign out',
            async () => {
              const { revoked } = await send<{ revoked: boolean }>(
                path`/api/sign-ins/${server.name}/sign-out`,
              );
              view.say(
                revoked
                  ? 'Signed out; the tokens are revoked'
                  : 'Signed out; the tokens may work until they expire',
              );
            },
            { label: `Sign out of ${server.title}`, id: `sign-out-${server.name}` },
            faults,
          )
        : h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              id: `sign-in-${server.name}`,
              'aria-label': `Sign in to ${server.title}`,
              onclick: () => signInDialog(view, server, manual),
            },
            'Sign in',
          ),
    ),
  );
}
