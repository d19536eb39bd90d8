import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import { PROBE_SAFE } from '../relay/connection.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { replaceStrings } from './strings.ts';

/**
 * A channel whose server cannot send the profile's secrets back: results, errors, notifications
 * and questions alike. Threat: a server, or what it read, that shows a key to the model.
 */
export function guardChannel(
  channel: Channel,
  secrets: KnownSecrets,
  onFound: () => void,
): Channel {
  const guarded: Channel = {
    onMessage: () => {},
    onClose: () => {},
    send: (message) => channel.send(message),
    close: () => channel.close(),
    ...(channel.diagnostics && { diagnostics: channel.diagnostics.bind(channel) }),
    ...(channel.pause && { pause: channel.pause.bind(channel) }),
    ...(channel.resume && { resume: channel.resume.bind(channel) }),
    ...(channel.info && { info: channel.info }),
    ...(PROBE_SAFE in channel && { [PROBE_SAFE]: true }),
  };
  channel.onMessage = (message) => {
    if (!secrets.isEmpty) clean(message, secrets, onFound);
    guarded.onMessage(message);
  };
  channel.onClose = (reason) => guarded.onClose(reason);
  return guarded;
}

/** Ids and method stay as they are: they say where the message belongs. */
function clean(message: JsonRpcMessage, secrets: KnownSecrets, onFound: () => void): void {
  let found = false;
  const visit = (text: string) => {
    const next = secrets.redact(text);
    found ||= next !== text;
    return next;
  };
  for (const part of ['params', 'result', 'error'] as const) {
    if (message[part]) replaceStrings<unknown>(message[part], visit);
  }
  if (found) onFound();
}
