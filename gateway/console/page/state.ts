import type { GatewayView } from '../api/gateways.ts';
import type { ProfileList } from '../api/profiles.ts';
import type { SecretList } from '../api/secrets.ts';
import { ask, Refusal } from './api.ts';
import { fill, h } from './dom.ts';
import { listen } from './live.ts';
import { isMissing } from './missing.ts';
import type { Shell } from './shell.ts';

const CHOSEN = 'portolan-profile';
let profiles: readonly string[] = ['default'];
let current = 'default';

/** The profile that the pages of this tab work on, and which there are. */
export function profileInUse(): { readonly profiles: readonly string[]; readonly current: string } {
  return { profiles, current };
}

/** Makes another profile the one that this tab works on. */
export function chooseProfile(name: string): void {
  current = name;
  sessionStorage.setItem(CHOSEN, name);
}

/** Keeps the switch of profiles and the numbers in the navigation true. */
export async function keepState(shell: Shell, reopen: () => void): Promise<void> {
  const forever = new AbortController().signal;
  await refreshProfiles(shell, reopen);
  void refreshNumbers(shell);
  listen((event) => {
    if (event.topic !== 'changed') return;
    if (event.areas.includes('profiles')) void quietly(refreshProfiles(shell, reopen));
    void refreshNumbers(shell);
  }, forever);
}

async function refreshProfiles(shell: Shell, reopen: () => void): Promise<void> {
  const list = await ask<ProfileList>('/api/profiles');
  const names = list.profiles.map(({ name }) => name);
  const chosen = sessionStorage.getItem(CHOSEN);
  current = chosen && names.includes(chosen) ? chosen : list.current;
  profiles = [...new Set([...names, current])];
  const select = h(
    'select',
    {
      id: 'profile',
      class: 'input',
      onchange: () => {
        chooseProfile(select.value);
        void refreshNumbers(shell);
        reopen();
      },
    },
    profiles.map((name) => h('option', { value: name, selected: name === current }, name)),
  );
  fill(shell.profile, h('label', { for: 'profile' }, 'Profile'), select);
}

async function refreshNumbers(shell: Shell): Promise<void> {
  const secrets = await quietly(
    ask<SecretList>(`/api/secrets?profile=${encodeURIComponent(current)}`),
  );
  shell.badge('secrets', secrets?.servers.filter(isMissing).length ?? 0, 'missing');
  const gateways = await quietly(ask<readonly GatewayView[]>('/api/gateways'));
  shell.badge('running', gateways?.length ?? 0, 'running');
}

/** What cannot be had for a number beside a name is told on the page itself. */
async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal || error instanceof TypeError) return undefined;
    throw error;
  }
}
