import { readFileSync } from 'node:fs';
import type { Client, Launch } from '../../gateway/clients/client.ts';
import type { ConfigText } from '../../gateway/clients/edit/document.ts';

/** A configuration as somebody who uses the client might have it. */
export function fixtureOf(client: Client): string {
  return readFileSync(`test/fixtures/clients/${client.id}.${client.format}`, 'utf8');
}

/** Other ways in which the same file may be written. */
export const WRITINGS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'with CRLF': (text) => text.replaceAll('\n', '\r\n'),
  'without a last line ending': (text) => text.trimEnd(),
  'with blank lines at the end': (text) => `${text}\n\n`,
};

export function configOf({ format, keys, list, id }: Client, text: string): ConfigText {
  return { format, keys, text, where: id, ...(list ? { list } : {}) };
}

export const LAUNCH: Launch = {
  name: 'portolan',
  command: 'npx',
  args: ['-y', 'portolan', 'run', '--servers', 'a,b', '--set', 'a.list=["x y","\\\\z","#"]'],
  env: { PORTOLAN_HOME: '/home/me/with space' },
};
