import { activityPage } from './pages/activity.ts';
import { catalogPage } from './pages/catalog.ts';
import { catalogsPage } from './pages/catalogs.ts';
import { clientsPage } from './pages/clients.ts';
import { doctorPage } from './pages/doctor.ts';
import { policyPage } from './pages/policy.ts';
import { profilesPage } from './pages/profiles.ts';
import { runningPage } from './pages/running.ts';
import { secretsPage } from './pages/secrets.ts';
import { serverPage } from './pages/server.ts';
import { updatesPage } from './pages/updates.ts';
import type { Page } from './view.ts';

/** Every page by the first part of its address. */
export const PAGES: Readonly<Record<string, Page>> = {
  '': catalogPage,
  server: serverPage,
  profiles: profilesPage,
  secrets: secretsPage,
  clients: clientsPage,
  activity: activityPage,
  running: runningPage,
  updates: updatesPage,
  catalogs: catalogsPage,
  policy: policyPage,
  doctor: doctorPage,
};

/** What the navigation shows, by groups. */
export const NAVIGATION: readonly { readonly title: string; readonly pages: readonly string[] }[] =
  [
    { title: 'Servers', pages: ['', 'profiles', 'updates'] },
    { title: 'Access', pages: ['secrets', 'clients'] },
    { title: 'Running', pages: ['activity', 'running'] },
    { title: 'Machine', pages: ['catalogs', 'policy', 'doctor'] },
  ];
