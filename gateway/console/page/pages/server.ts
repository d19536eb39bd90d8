import type { ServerDetail } from '../../api/catalog.ts';
import type { AdditionPlan } from '../../api/profiles.ts';
import { ask, path, send } from '../api.ts';
import { type Child, fill, h, outside, plural } from '../dom.ts';
import { problem } from '../parts/action.ts';
import { form } from '../parts/field.ts';
import { parameterForm } from '../parts/parameters.ts';
import { chip, facts, mark, permissionList, time, toolItem, verifiedTick } from '../parts/show.ts';
import { profileInUse } from '../state.ts';
import type { Page, View } from '../view.ts';

export const serverPage: Page = {
  title: 'Server',
  icon: '',
  open: (view) =>
    view.follow(['catalogs', 'profiles', 'secrets'], async () => {
      const version = view.query.get('version');
      const detail = await ask<ServerDetail>(
        path`/api/catalog/${view.name}` + (version ? path`?version=${version}` : ''),
        view.signal,
      );
      view.show(...serverView(view, detail));
    }),
};

function serverView(view: View, detail: ServerDetail): Child[] {
  const { entry } = detail;
  return [
    h(
      'article',
      { class: 'server' },
      h(
        'header',
        { class: 'head' },
        mark(entry.title, true),
        h(
          'div',
          {},
          h('h1', { tabindex: -1 }, entry.title),
          h(
            'p',
            {},
            'by ',
            outside(entry.publisher.url, entry.publisher.name),
            entry.publisher.verified && [' ', verifiedTick()],
            ` · Version ${entry.version}`,
          ),
        ),
        h('p', { class: 'what' }, entry.description),
        notices(detail),
      ),
      h(
        'div',
        { class: 'side' },
        h(
          'section',
          { class: 'panel permissions', 'aria-labelledby': 'permissions' },
          h('h2', { id: 'permissions' }, 'Permissions'),
          permissionList(detail.permissions),
          h(
            'p',
            { class: 'muted small' },
            'All that it may touch. The gateway grants nothing else.',
          ),
        ),
        trust(detail),
      ),
      h('div', { class: 'body' }, addPanel(view, detail), tools(detail), versions(detail)),
    ),
  ];
}

/** Adds the server to the profile, with its settings; says what it will be allowed to do. */
function addPanel(view: View, { entry, refused }: ServerDetail): Child {
  if (refused || entry.status?.state === 'withdrawn') return undefined;
  const { current } = profileInUse();
  const panel = h('section', { class: 'panel item', 'aria-labelledby': 'add' });
  const version = view.query.get('version');
  const query = version ? path`?version=${version}` : '';
  void ask<AdditionPlan>(
    path`/api/profiles/${current}/plan/${entry.name}` + query,
    view.signal,
  ).then(
    (plan) =>
      fill(panel, plan.there ? inProfile(current) : addForm(view, current, entry, plan, version)),
    (error) => {
      if (!view.signal.aborted) fill(panel, problem(error));
    },
  );
  return panel;
}

function inProfile(profile: string): Child {
  return [
    h('h2', { id: 'add' }, `In the profile ${profile}`),
    h(
      'div',
      { class: 'buttons' },
      h('a', { class: 'button primary', href: '/profiles' }, 'Its settings and tools'),
    ),
  ];
}

function addForm(
  view: View,
  profile: string,
  { name, title }: ServerDetail['entry'],
  plan: AdditionPlan,
  version: string | null,
): Child {
  const settings = parameterForm(plan.parameters);
  const later = [
    ...plan.missingSecrets.map((secret) => `the secret ${secret.name}`),
    ...(plan.signIn ? ['the sign-in'] : []),
  ];
  return [
    h('h2', { id: 'add' }, `Add to the profile ${profile}`),
    plan.asks.length === 0
      ? h('p', { class: 'small' }, 'It may touch nothing outside its box.')
      : h(
          'p',
          { class: 'small' },
          'It asks for what is under Permissions; adding it is your consent.',
        ),
    form(
      settings.element,
      'Add',
      async () => {
        await send(path`/api/profiles/${profile}/servers/${name}`, {
          ...settings.read(),
          ...(version && { version }),
        });
        view.say(`${title} was added to ${profile}`);
      },
      later.length > 0 && h('span', { class: 'small muted' }, `Then comes ${later.join(' and ')}.`),
    ),
  ];
}

function notices({ entry, refused, development }: ServerDetail): Child {
  const { status } = entry;
  return [
    refused && h('p', { class: 'notice bad what' }, refused),
    status &&
      status.state !== 'active' &&
      h(
        'p',
        { class: 'notice what' },
        `This server is ${status.state}. ${status.reason ?? ''} `,
        status.replacement &&
          h('a', { href: path`/server/${status.replacement}` }, `Use ${status.replacement}`),
      ),
    development &&
      h(
        'p',
        { class: 'notice what' },
        'Its catalog is signed with a development key: trust it on the machine that made it only.',
      ),
  ];
}

function tools({ entry, tools: list }: ServerDetail): Child {
  const dynamic = typeof entry.tools === 'object' ? entry.tools.dynamic : undefined;
  return h(
    'section',
    { class: 'tools', 'aria-labelledby': 'tools' },
    h('h2', { id: 'tools' }, list.length > 0 ? plural(list.length, 'tool', 'tools') : 'Tools'),
    dynamic && h('p', { class: 'notice' }, `The tools of this server are listed live: ${dynamic}`),
    list.length > 0 &&
      h(
        'p',
        { class: 'muted small' },
        'The signed definitions. If the running server offers anything else, the gateway withholds it.',
      ),
    list.map(toolItem),
  );
}

function trust(detail: ServerDetail): Child {
  const {
    entry,
    digest,
    signer,
    logIndex,
    pinned,
    capturedFrom,
    source,
    catalogTitle,
    catalogNumber,
  } = detail;
  const code = (text: string) => h('code', {}, text);
  return h(
    'section',
    { 'aria-labelledby': 'trust' },
    h('h2', { id: 'trust' }, 'Where it comes from'),
    h('p', { class: 'small good-line' }, 'Signature and digest were checked just now.'),
    facts([
      ['Signed by', code(signer)],
      ['Transparency log entry', logIndex],
      ['Artifact', code(digest)],
      [entry.remote ? 'Endpoint' : 'Pinned to', code(pinned)],
      ['Tools captured from', capturedFrom && code(capturedFrom)],
      ['Catalog', [`${catalogTitle}, number ${catalogNumber}`, h('br'), code(source)]],
      ['License', entry.license],
      [
        'Source',
        entry.links.source &&
          outside(entry.links.source, entry.links.source.replace('https://', '')),
      ],
      [
        'Documentation',
        entry.links.documentation &&
          outside(entry.links.documentation, entry.links.documentation.replace('https://', '')),
      ],
    ]),
  );
}

function versions({ entry, versions: list }: ServerDetail): Child {
  return h(
    'section',
    { 'aria-labelledby': 'versions' },
    h('h2', { id: 'versions' }, 'Versions'),
    h(
      'ul',
      { class: 'history' },
      list.map(({ version, status, publishedAt }) =>
        h(
          'li',
          {},
          version === entry.version
            ? h('strong', {}, version, ' ', chip('shown'))
            : status === 'withdrawn'
              ? version
              : h('a', { href: path`/server/${entry.name}?version=${version}` }, version),
          status !== 'active' && [' ', chip(status, 'bad')],
          publishedAt && [' ', time(publishedAt, 'date')],
        ),
      ),
    ),
  );
}
