import { PortolanError } from '../../../core/errors.ts';
import { signInTarget } from '../../oauth/sign-in-target.ts';
import { failureOf } from '../answer.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, optionalTextIn, post, textIn } from '../route.ts';

export const signInRoutes = [
  post('/api/sign-ins/:server', start),
  post('/api/sign-ins/:server/complete', complete),
  post('/api/sign-ins/:server/cancel', cancel),
  post('/api/sign-ins/:server/sign-out', signOut),
];

/** Where the person goes; tokens never come near the page. */
export interface StartedSignIn {
  readonly authorizationUrl: string;
  readonly redirectUri: string;
}

async function start(
  { params, body }: ApiRequest,
  context: ConsoleContext,
): Promise<StartedSignIn> {
  const { server: name = '' } = params;
  const { url, scopes } = await targetOf(name, context);
  context.signIns.get(name)?.cancel();
  const id = optionalTextIn(body, 'clientId');
  const secret = optionalTextIn(body, 'clientSecret');
  const pending = await context.authorizer.start(url, {
    ...(scopes && { scopes }),
    ...(id && { client: secret ? { id, secret } : { id } }),
  });
  context.signIns.set(name, pending);
  const ended = (failure?: ReturnType<typeof failureOf>) => {
    if (context.signIns.get(name) !== pending) return;
    context.signIns.delete(name);
    context.hub.send({ topic: 'sign-in', server: name, ...(failure && { failure }) });
    context.changed('secrets');
  };
  pending.done.then(
    () => ended(),
    (error) => ended(failureOf(error)),
  );
  return { authorizationUrl: pending.authorizationUrl, redirectUri: pending.redirectUri };
}

/** For a browser on another machine: the address that it ended on, pasted. */
async function complete({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const pending = context.signIns.get(params.server ?? '');
  if (!pending) {
    throw new PortolanError(
      'usage',
      'SIGN_IN_NONE',
      'no sign-in waits for this server any more; start it again',
    );
  }
  await pending.complete(textIn(body, 'redirect'));
}

async function cancel({ params }: ApiRequest, context: ConsoleContext): Promise<void> {
  context.signIns.get(params.server ?? '')?.cancel();
}

async function signOut(
  { params }: ApiRequest,
  context: ConsoleContext,
): Promise<{ readonly found: boolean; readonly revoked: boolean }> {
  const { url } = await targetOf(params.server ?? '', context);
  const outcome = await context.authorizer.logout(url);
  context.changed('secrets');
  return outcome;
}

async function targetOf(name: string, context: ConsoleContext) {
  const { entry } = await (await context.catalogs()).server(name);
  return signInTarget(entry);
}
