import type {
  ParameterView,
  ProfileDetail,
  ProfileList,
  ProfileServerView,
} from '../../api/profiles.ts';
import { ask, path, send } from '../api.ts';
import { type Child, fill, h, plural, prose } from '../dom.ts';
import { action, problem } from '../parts/action.ts';
import { openDialog } from '../parts/dialog.ts';
import { check, field, form } from '../parts/field.ts';
import { parameterForm } from '../parts/parameters.ts';
import { confirmRemoval } from '../parts/removal.ts';
import { chip, effectChip, empty, head, mark, permissionList } from '../parts/show.ts';
import { chooseProfile, profileInUse } from '../state.ts';
import type { Page, View } from '../view.ts';

type Listed = ProfileList['profiles'][number];

export const profilesPage: Page = {
  title: 'Profiles',
  icon: 'M4 5.5h12M4 10h12M4 14.5h12M7 4v3M13 8.5v3M9 13v3',
  open: (view) =>
    view.follow(['profiles', 'secrets', 'catalogs'], async () => {
      const { profiles } = await ask<ProfileList>('/api/profiles', view.signal);
      const { current } = profileInUse();
      const detail = await ask<ProfileDetail>(path`/api/profiles/${current}`, view.signal);
      view.show(
        head(
          'Profiles',
          'A profile is a set of servers with their settings, in one file that a team can share. Clients and gateways that use it follow its changes by themselves.',
          h(
            'button',
            {
              type: 'button',
              class: 'button',
              id: 'new-profile',
              onclick: () => createDialog(view),
            },
            'New profile',
          ),
        ),
        profiles.length > 1 &&
          h(
            'ul',
            { class: 'grid' },
            profiles.map((one) => profileCard(view, one)),
          ),
        ...profileView(
          view,
          detail,
          profiles.find(({ name }) => name === current),
        ),
      );
    }),
};

function profileCard(
  view: View,
  { name, current, servers, description, problem: fault }: Listed,
): HTMLElement {
  const isShown = name === profileInUse().current;
  return h(
    'li',
    { class: 'panel item' },
    h(
      'div',
      { class: 'item-head' },
      h('h2', {}, name),
      current && chip('in use', 'good'),
      isShown && chip('shown'),
    ),
    description && h('p', { class: 'small' }, description),
    fault
      ? h('p', { class: 'notice bad' }, prose(fault))
      : h('p', { class: 'small muted' }, plural(servers.length, 'server', 'servers')),
    h(
      'div',
      { class: 'buttons' },
      !isShown &&
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            id: `show-${name}`,
            'aria-label': `Show ${name}`,
            onclick: () => {
              chooseProfile(name);
              const select = document.getElementById('profile');
              if (select instanceof HTMLSelectElement) select.value = name;
              view.go('/profiles');
            },
          },
          'Show',
        ),
      !current &&
        action('Use', () => send(path`/api/profiles/${name}/use`), {
          id: `use-${name}`,
          label: `Use ${name}`,
        }),
      !current &&
        action('Remove', async () => removeDialog(name), {
          id: `remove-${name}`,
          label: `Remove ${name}`,
        }),
    ),
  );
}

function profileView(view: View, detail: ProfileDetail, listed: Listed | undefined): Child[] {
  const { name, path: file, servers, faults } = detail;
  return [
    h(
      'section',
      { class: 'stack', 'aria-labelledby': 'profile-servers' },
      h(
        'div',
        { class: 'item-head' },
        h(
          'h2',
          { id: 'profile-servers' },
          servers.length > 0 ? `${plural(servers.length, 'server', 'servers')} of ${name}` : name,
        ),
        h('code', { class: 'small muted path' }, file),
        listed?.description && h('p', { class: 'small muted' }, listed.description),
      ),
      faults.map((fault) => h('p', { class: 'notice' }, prose(fault))),
      servers.length === 0
        ? empty(
            'No servers yet',
            'Find servers in the catalog and add them: they are verified, locked to what you saw, and run in a box with only what they declare.',
            h('a', { class: 'button primary', href: '/' }, 'Look into the catalog'),
          )
        : h(
            'ul',
            { class: 'stack' },
            servers.map((server) => serverPanel(view, name, server)),
          ),
    ),
  ];
}

function serverPanel(view: View, profile: string, server: ProfileServerView): HTMLElement {
  const { name, title, version, kept, description, permissions, problem: fault } = server;
  const missingSecrets = server.secrets.filter(({ required, origin }) => required && !origin);
  const needsSignIn = server.signIn?.required === true && !server.signIn.info;
  const faults = h('div', { class: 'faults' });
  const on = server.tools.filter(({ off }) => !off).length;
  return h(
    'li',
    { class: 'panel item', id: `server-${name}` },
    h(
      'div',
      { class: 'server-line' },
      mark(title),
      h(
        'div',
        {},
        h('h3', {}, h('a', { href: path`/server/${name}` }, title)),
        h('p', { class: 'small muted' }, description),
      ),
      h(
        'div',
        { class: 'chips' },
        version && chip(`version ${version}`),
        kept && chip('kept at this version'),
        server.dynamic && chip('tools listed live'),
      ),
    ),
    fault && h('p', { class: 'notice bad' }, prose(fault)),
    (server.missing.length > 0 || missingSecrets.length > 0 || needsSignIn) &&
      h(
        'div',
        { class: 'notice' },
        'Missing before it can start: ',
        [
          ...server.missing.map((one) => `the setting ${one}`),
          ...missingSecrets.map((one) => `the secret ${one.name}`),
          ...(needsSignIn ? ['the sign-in'] : []),
        ].join(', '),
        '. ',
        (missingSecrets.length > 0 || needsSignIn) &&
          h('a', { href: '/secrets' }, 'Set what is missing'),
      ),
    permissions.length > 0 &&
      h(
        'details',
        { id: `permissions-${name}` },
        h('summary', {}, 'Permissions'),
        h('div', { class: 'permissions' }, permissionList(permissions)),
      ),
    server.parameters.length > 0 &&
      h(
        'details',
        { id: `settings-${name}`, open: server.missing.length > 0 },
        h(
          'summary',
          {},
          `Settings (${server.parameters.filter(({ value }) => value !== undefined).length} of ${server.parameters.length} set)`,
        ),
        settings(view, profile, name, server.parameters),
      ),
    server.tools.length > 0 &&
      h(
        'details',
        { id: `tools-${name}` },
        h('summary', {}, `Tools (${on} of ${server.tools.length} on)`),
        toolSwitches(view, profile, server),
      ),
    faults,
    h(
      'div',
      { class: 'buttons' },
      action(
        'Remove',
        async () => removeServerDialog(view, profile, server),
        { id: `remove-server-${name}`, label: `Remove ${title} from ${profile}` },
        faults,
      ),
    ),
  );
}

function settings(
  view: View,
  profile: string,
  server: string,
  parameters: readonly ParameterView[],
): HTMLElement {
  const inputs = parameterForm(parameters);
  return form(inputs.element, 'Save settings', async () => {
    await send(path`/api/profiles/${profile}/servers/${server}/parameters`, inputs.read());
    view.say(`Settings of ${server} saved`);
  });
}

function toolSwitches(
  view: View,
  profile: string,
  { name, title, tools }: ProfileServerView,
): HTMLElement {
  const faults = h('div', { class: 'faults' });
  const turn = async (names: readonly string[], on: boolean) => {
    try {
      await send(path`/api/profiles/${profile}/servers/${name}/tools`, { tools: names, on });
      view.say(
        `${names.length === 1 ? names[0] : `All tools of ${title}`} switched ${on ? 'on' : 'off'}`,
      );
    } catch (error) {
      fill(faults, problem(error));
    }
  };
  return h(
    'fieldset',
    { class: 'plain-set' },
    h('legend', { class: 'sr' }, `Tools of ${title}`),
    h(
      'div',
      { class: 'switches' },
      tools.map((tool) => {
        const input = h('input', {
          type: 'checkbox',
          id: `tool-${name}-${tool.name}`,
          checked: !tool.off,
          onchange: () => void turn([tool.name], input.checked),
        });
        return h(
          'label',
          { class: 'tool-switch' },
          input,
          h(
            'span',
            {},
            h('span', {}, h('code', {}, tool.name), ' ', effectChip(tool.effect)),
            h('span', { class: 'small muted clamp' }, tool.description.split('\n')[0]),
          ),
        );
      }),
    ),
    faults,
    h(
      'div',
      { class: 'buttons' },
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          id: `all-on-${name}`,
          onclick: () =>
            void turn(
              tools.filter(({ off }) => off).map((tool) => tool.name),
              true,
            ),
          disabled: tools.every(({ off }) => !off),
        },
        'All on',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          id: `all-off-${name}`,
          onclick: () =>
            void turn(
              tools.filter(({ off }) => !off).map((tool) => tool.name),
              false,
            ),
          disabled: tools.every(({ off }) => off),
        },
        'All off',
      ),
    ),
  );
}

function createDialog(view: View): void {
  openDialog('New profile', (dialog) => {
    const name = field('Name', {
      required: true,
      placeholder: 'work',
      hint: 'A name, or the path of a file in a project.',
    });
    const description = field('What it is for');
    const use = check('Use it from now on, also on the command line');
    return form([name.element, description.element, use.element], 'Make it', async () => {
      const made = await send<{ name: string }>('/api/profiles', {
        name: name.input.value,
        description: description.input.value,
        use: use.input.checked,
      });
      chooseProfile(made.name);
      dialog.close();
      view.go('/profiles');
    });
  });
}

function removeDialog(name: string): void {
  confirmRemoval(
    `Remove the profile ${name}?`,
    'Its servers are no longer served to clients that use it. Its secrets stay in the vault.',
    () => send(path`/api/profiles/${name}/remove`),
  );
}

function removeServerDialog(view: View, profile: string, { name, title }: ProfileServerView): void {
  confirmRemoval(
    `Remove ${title} from ${profile}?`,
    'Its settings and tool switches go with it; its secrets stay in the vault.',
    async () => {
      await send(path`/api/profiles/${profile}/servers/${name}/remove`);
      view.say(`${title} removed`);
    },
  );
}
