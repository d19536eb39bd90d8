/** What is said of permissions, wherever they are shown. */
export const permissionWords = {
  networkNone: 'No network at all',
  networkNoneWhy: 'It cannot send anything anywhere.',
  networkHosts: 'May connect to',
  networkAny: 'May connect to any public host',
  networkAnyWhy: 'Whatever it reads, it could send anywhere.',
  networkRemote: 'Runs on its publisher’s machines',
  networkRemoteWhy: 'What you send to its tools goes to',
  foldersNone: 'No folder of yours',
  folderRead: 'Reads',
  folderWrite: 'Reads and changes',
  secretsNone: 'No key, no sign-in',
  secrets: (count: number): string => (count === 1 ? '1 secret' : `${count} secrets`),
  optional: 'optional',
  oauth: 'Sign-in with OAuth in the browser',
  oauthOptional: 'Sign-in with OAuth, if you want',
  limits: 'Limits',
  memory: 'memory',
  cpus: (count: number): string => (count === 1 ? '1 processor' : `${count} processors`),
  pids: 'processes',
  stateful: 'Keeps state: each client gets a process of its own',
  requires: (program: string): string => `Needs ${program} on the machine`,
};

export type PermissionWords = typeof permissionWords;
