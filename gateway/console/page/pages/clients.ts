import type { ClientImport, ClientList, Outcome } from '../../api/clients.ts';
import { ask, path, send } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { action, problem } from '../parts/action.ts';
import { openDialog } from '../parts/dialog.ts';
import { field } from '../parts/field.ts';
import { chip, diffView, empty, head, time } from '../parts/show.ts';
import { profileInUse } from '../state.ts';
import type { Page, View } from '../view.ts';

type Client = ClientList[number];

export const clientsPage: Page = {
  title: 'Clients',
  icon: 'M2.5 4h15v9.5h-15zM7 17h6M10 13.5V17',
  open: async (view) => {
    let all = false;
    const load = async () => {
      const clients = await ask<ClientList>('/api/clients', view.signal);
      const here = clients.filter(
        ({ installed, connections }) => installed || connections.length > 0,
      );
      const shown = all ? clients : here;
      view.show(
        head(
          'Clients',
          'Editors, assistants and agents that use your servers. Only Portolan’s own entry in their files is touched, and each change can be taken back.',
          h(
            'button',
            {
              type: 'button',
              class: 'button',
              id: 'all-clients',
              'aria-pressed': String(all),
              onclick: () => {
                all = !all;
                void load();
              },
            },
            all ? 'Only those that are here' : `All ${clients.length} that are known`,
          ),
        ),
        shown.length === 0
          ? empty(
              'No client was found on this machine',
              'Show all that are known to see where Portolan looks, and to connect one that it did not find.',
            )
          : h(
              'ul',
              { class: 'grid' },
              shown.map((client) => clientCard(view, client)),
            ),
      );
    };
    await view.follow(['clients', 'profiles'], load);
  },
};

function clientCard(view: View, client: Client): HTMLElement {
  const { id, title, installed, path: file, connections, problem: fault, undo } = client;
  const faults = h('div', { class: 'faults' });
  const isConnected = connections.length > 0;
  return h(
    'li',
    { class: 'panel item client' },
    h(
      'div',
      { class: 'item-head' },
      h('h2', {}, title),
      isConnected ? chip('connected', 'good') : installed ? chip('installed') : chip('not found'),
    ),
    h('code', { class: 'small muted path' }, file),
    fault && h('p', { class: 'notice bad' }, fault),
    connections.map((connection) => h('p', { class: 'small' }, connectionText(connection))),
    faults,
    h(
      'div',
      { class: 'buttons' },
      h(
        'button',
        {
          type: 'button',
          class: isConnected ? 'button' : 'button primary',
          id: `connect-${id}`,
          'aria-label': `${isConnected ? 'Change' : 'Connect'} ${title}`,
          onclick: () => connectDialog(view, client),
        },
        isConnected ? 'Change' : 'Connect',
      ),
      connections.map(({ name }) =>
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            id: `disconnect-${id}-${name}`,
            'aria-label': `Disconnect ${title}`,
            onclick: () =>
              changeDialog(
                view,
                `Disconnect ${title}`,
                path`/api/clients/${id}/disconnect`,
                { name },
                'Disconnect',
              ),
          },
          'Disconnect',
        ),
      ),
      undo &&
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            id: `undo-${id}`,
            'aria-label': `Undo the last change of ${title}`,
            onclick: () =>
              changeDialog(
                view,
                `Undo the last change of ${title}`,
                path`/api/clients/${id}/undo`,
                {},
                'Undo',
                h(
                  'p',
                  {},
                  `${undo.name} was ${undo.action} on `,
                  time(undo.time, 'date'),
                  '. The file becomes what it was before.',
                ),
              ),
          },
          'Undo',
        ),
      installed &&
        h(
          'button',
          {
            type: 'button',
            class: 'button quiet',
            id: `import-${id}`,
            'aria-label': `Its servers: those of ${title}`,
            onclick: () => importDialog(view, client),
          },
          'Its servers',
        ),
    ),
  );
}

function connectionText({
  name,
  profile,
  servers,
  all,
  discover,
  args,
}: Client['connections'][number]): Child {
  const entry = [h('code', {}, name), ' '];
  if (profile) return [entry, 'uses the profile ', h('strong', {}, profile)];
  if (servers) return [entry, `uses the servers ${servers.join(', ')}`];
  if (all) return [entry, 'uses every server that needs no setting'];
  if (discover) return [entry, 'finds servers by itself'];
  return [entry, args.length === 0 ? 'uses the current profile' : args.join(' ')];
}

/** Choices first, then exactly what will be written, then the button that writes it. */
function connectDialog(view: View, client: Client): void {
  const address = path`/api/clients/${client.id}/connect`;
  openDialog(
    `Connect ${client.title}`,
    (dialog) => {
      const { profiles, current } = profileInUse();
      const profile = field('Profile', {
        choices: profiles.map((name) => [name, name] as const),
        value: current,
        hint: 'The client gets the servers of this profile, now and when it changes.',
      });
      const start = field('Started with', {
        choices: [
          ['npx', 'npx portolan: the newest that is published'],
          ['this', 'the program that runs this console'],
        ],
      });
      const project = client.hasProject
        ? field('For', {
            placeholder: 'Folder of a project; empty for all your work',
            hint: 'The file of one project, or yours.',
          })
        : undefined;
      const body = () => ({
        profile: profile.input.value,
        start: start.input.value,
        project: project?.input.value.trim(),
      });
      const preview = h('div', { class: 'preview', 'aria-live': 'polite' });
      const faults = h('div', { class: 'faults' });
      const refresh = async () => {
        try {
          fill(preview, previewOf(await send<Outcome>(address, { ...body(), dryRun: true })));
        } catch (error) {
          fill(preview, problem(error));
        }
      };
      for (const one of [profile, start, project])
        one?.input.addEventListener('change', () => void refresh());
      void refresh();
      return [
        h('div', { class: 'fields' }, profile.element, start.element, project?.element),
        h('h3', {}, 'What will be written'),
        preview,
        faults,
        h(
          'div',
          { class: 'buttons' },
          action(
            'Connect',
            async () => {
              const outcome = await send<Outcome>(address, body());
              view.say(`${client.title}: ${outcome.done} in ${outcome.path}`);
              dialog.close();
            },
            { class: 'button primary' },
            faults,
          ),
          h('p', { class: 'small muted' }, 'Restart the client afterwards, if it runs.'),
        ),
      ];
    },
    { wide: true },
  );
}

function changeDialog(
  view: View,
  title: string,
  address: string,
  body: object,
  verb: string,
  lead?: HTMLElement,
): void {
  openDialog(
    title,
    (dialog) => {
      const preview = h(
        'div',
        { class: 'preview' },
        h('p', { class: 'muted' }, 'Looking at the file …'),
      );
      const faults = h('div', { class: 'faults' });
      void send<Outcome>(address, { ...body, dryRun: true }).then(
        (outcome) => fill(preview, previewOf(outcome)),
        (error) => fill(preview, problem(error)),
      );
      return [
        lead,
        preview,
        faults,
        h(
          'div',
          { class: 'buttons' },
          action(
            verb,
            async () => {
              const outcome = await send<Outcome>(address, body);
              view.say(`${outcome.done} in ${outcome.path}`);
              dialog.close();
            },
            { class: 'button primary' },
            faults,
          ),
        ),
      ];
    },
    { wide: true },
  );
}

function previewOf({ diff, done, path: file }: Outcome): Child {
  if (done === 'nothing') return h('p', { class: 'muted' }, `Nothing changes in ${file}.`);
  return diff ? diffView(diff) : h('p', { class: 'muted' }, 'The file is written anew.');
}

function importDialog(view: View, client: Client): void {
  openDialog(
    `Servers of ${client.title}`,
    () => {
      const content = h(
        'div',
        { class: 'fields' },
        h('p', { class: 'muted' }, 'Comparing with the catalogs …'),
      );
      void ask<ClientImport>(path`/api/clients/${client.id}/import`, view.signal).then(
        ({ servers }) => fill(content, importView(servers)),
        (error) => fill(content, problem(error)),
      );
      return content;
    },
    { wide: true },
  );
}

function importView(servers: ClientImport['servers']): Child {
  if (servers.length === 0) return h('p', { class: 'muted' }, 'It has no servers of its own.');
  return [
    h(
      'p',
      {},
      'Those that a catalog has can run verified and isolated. Nothing in the client’s file is changed here.',
    ),
    h(
      'ul',
      { class: 'rows' },
      servers.map(({ name, is, entry }) =>
        h(
          'li',
          { class: 'row' },
          h(
            'div',
            {},
            h('strong', {}, name),
            h('p', { class: 'small muted' }, `${is.kind} ${is.name}`),
          ),
          entry
            ? h('a', { class: 'button', href: path`/server/${entry}` }, `Show ${entry}`)
            : h(
                'span',
                { class: 'small muted' },
                is.kind === 'portolan' ? 'this gateway' : 'in no catalog',
              ),
        ),
      ),
    ),
  ];
}
