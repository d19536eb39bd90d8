import type { StartedSignIn } from '../../api/sign-ins.ts';
import { path, Refusal, send } from '../api.ts';
import { fill, h, webAddress } from '../dom.ts';
import { listen } from '../live.ts';
import type { View } from '../view.ts';
import { problem } from './action.ts';
import { openDialog } from './dialog.ts';
import { field, form } from './field.ts';

/**
 * Signs in to a remote server: the console finds out where, the person goes there in a tab of its
 * own, and this dialog hears when it is done. No token comes near the page.
 */
export function signInDialog(
  view: View,
  server: { readonly name: string; readonly title: string },
  manual: boolean,
): void {
  const over = new AbortController();
  let isWaiting = false;
  const body = h('div', { class: 'fields' });
  const dialog = openDialog(`Sign in to ${server.title}`, () => body, {
    onClose: () => {
      over.abort();
      if (isWaiting) void send(path`/api/sign-ins/${server.name}/cancel`).catch(() => {});
    },
  });

  listen((event) => {
    if (event.topic !== 'sign-in' || event.server !== server.name) return;
    isWaiting = false;
    if (event.failure) {
      fill(body, problem(new Refusal(event.failure)), h('div', { class: 'buttons' }, again()));
      return;
    }
    view.say(`Signed in to ${server.title}`);
    dialog.close();
  }, over.signal);

  const again = () =>
    h('button', { type: 'button', class: 'button', onclick: () => void begin({}) }, 'Start again');

  async function begin(client: object): Promise<void> {
    fill(body, h('p', { class: 'muted', role: 'status' }, 'Asking the server where to sign in …'));
    try {
      const started = await send<StartedSignIn>(path`/api/sign-ins/${server.name}`, client);
      isWaiting = true;
      fill(body, waiting(started));
      body.querySelector('a')?.focus();
    } catch (error) {
      fill(
        body,
        problem(error, () => void begin(client)),
        ownClient(),
      );
    }
  }

  function waiting({ authorizationUrl, redirectUri }: StartedSignIn) {
    const href = webAddress(authorizationUrl);
    const pasted = field('Address that the browser ended on', {
      hint: `If you sign in on another machine: copy the address of the last page, it begins with ${redirectUri}`,
    });
    return [
      h(
        'p',
        {},
        'You sign in at ',
        h('strong', {}, href ? new URL(href).host : 'an address that cannot be opened'),
        '. Check that this is who you expect.',
      ),
      href &&
        h(
          'a',
          { class: 'button primary', href, target: '_blank', rel: 'noopener noreferrer' },
          `Go to ${new URL(href).host}`,
        ),
      h('p', { class: 'muted', role: 'status' }, 'Waiting for you to come back …'),
      h(
        'details',
        {},
        h('summary', {}, 'The browser is on another machine'),
        form(pasted.element, 'Finish', async () => {
          await send(path`/api/sign-ins/${server.name}/complete`, { redirect: pasted.input.value });
        }),
      ),
    ];
  }

  /** For a publisher that wants its clients to be registered by hand. */
  function ownClient() {
    const id = field('Client id', { required: true });
    const secret = field('Client secret', { type: 'password', hint: 'If it has one.' });
    return h(
      'details',
      { open: manual },
      h('summary', {}, 'With a client that you registered with the publisher'),
      form([id.element, secret.element], 'Sign in', () =>
        begin({ clientId: id.input.value, clientSecret: secret.input.value }),
      ),
    );
  }

  if (manual) fill(body, ownClient());
  else void begin({});
}
