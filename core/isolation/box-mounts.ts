import { existsSync, lstatSync, readlinkSync } from 'node:fs';

/** Parts of /etc that programs need and that hold nothing private. */
const ETC = [
  'alternatives',
  'ca-certificates',
  'chromium',
  'chromium.d',
  'fonts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'pki/ca-trust',
  'pki/tls/certs',
  'ssl/certs',
  'ssl/openssl.cnf',
];

/** Mounts of the parts of /etc that are the same for everybody. */
export function sharedSettings(): string[] {
  return ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]);
}

/**
 * Files of /proc that tell of or change the whole machine. Without capabilities only their owner,
 * root, could use most of them, but when Portolan runs as root the box is that owner; bwrap itself
 * protects them for other users only.
 */
export function guardedProc(): string[] {
  const readOnly = [
    'acpi',
    'asound',
    'bus',
    'driver',
    'fs',
    'irq',
    'mtrr',
    'scsi',
    'sys',
    'sysrq-trigger',
  ];
  const hidden = [
    'kallsyms',
    'kcore',
    'keys',
    'key-users',
    'kmsg',
    'kpagecgroup',
    'kpagecount',
    'kpageflags',
    'latency_stats',
    'sched_debug',
    'timer_list',
  ];
  const present = (name: string) => existsSync(`/proc/${name}`);
  return [
    ...readOnly.filter(present).flatMap((name) => ['--ro-bind', `/proc/${name}`, `/proc/${name}`]),
    ...hidden.filter(present).flatMap((name) => ['--ro-bind', '/dev/null', `/proc/${name}`]),
  ];
}

/** The programs and libraries of the system, with the links between its top folders. */
export function systemFolders(): string[] {
  const top = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'].flatMap((path) => {
    try {
      if (lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
      return ['--ro-bind', path, path];
    } catch {
      return [];
    }
  });
  return ['--ro-bind', '/usr', '/usr', ...top, ...ownLibraries()];
}

/** Libraries of our Node.js that lie elsewhere, e.g. in a Nix store or a home folder. */
function ownLibraries(): string[] {
  if (existsSync('/nix/store')) return ['--ro-bind', '/nix/store', '/nix/store'];
  const report = process.report?.getReport() as { sharedObjects?: string[] } | undefined;
  return (report?.sharedObjects ?? [])
    .filter((path) => path.startsWith('/') && !/^\/(usr|bin|sbin|lib\w*)\//.test(path))
    .filter((path) => path !== process.execPath && path.includes('.so') && existsSync(path))
    .flatMap((path) => ['--ro-bind', path, path]);
}
