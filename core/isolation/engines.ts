export type EngineName = 'docker' | 'podman' | 'nerdctl';

/** All that differs between the container engines; the rest of the driver does not ask which. */
export interface EngineTraits {
  readonly name: EngineName;
  /** Arguments that ask the running engine, not only its client, for its state as JSON. */
  readonly info: readonly string[];
  /** Flags of `run` that the engine needs besides the common ones. */
  readonly run: readonly string[];
  /** Flags of `run` that keep what a container says out of the engine's logs. */
  readonly unlogged: readonly string[];
  /** The same, and the streams of the client become those of the container; absent without a way. */
  readonly passedOn?: readonly string[];
  /** Removes containers at once, running or not, with their anonymous volumes. */
  readonly remove: readonly string[];
  /** Options of `--tmpfs` that the engine needs besides the common ones. */
  readonly tmpfs: string;
  /** Variables of the user's environment that tell the client which engine to talk to, and how. */
  readonly environment: readonly string[];
}

/** Every client needs these to find its own settings, keys and helpers. */
const COMMON = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'DBUS_SESSION_BUS_ADDRESS',
  'SSH_AUTH_SOCK',
  'SYSTEMROOT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

const DOCKER = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'DOCKER_API_VERSION',
];

/** The engines in the order of preference. */
export const ENGINES: readonly EngineTraits[] = [
  {
    name: 'docker',
    info: ['info', '--format', '{{json .}}'],
    run: [],
    unlogged: ['--log-driver', 'none'],
    remove: ['rm', '--force', '--volumes'],
    tmpfs: '',
    environment: [...COMMON, ...DOCKER],
  },
  {
    name: 'podman',
    info: ['info', '--format', 'json'],
    // Otherwise podman mounts writable /run and /var/tmp into a read-only container, and copies the
    // proxy settings of the host, which may hold a password, into it.
    run: ['--read-only-tmpfs=false', '--http-proxy=false'],
    unlogged: ['--log-driver', 'none'],
    passedOn: ['--log-driver', 'passthrough'],
    // Otherwise podman waits ten seconds for a server that ignores TERM.
    remove: ['rm', '--force', '--volumes', '--time=0'],
    // Otherwise podman copies what the image has in that folder, which may be more than fits.
    tmpfs: ',notmpcopyup',
    environment: [
      ...COMMON,
      ...DOCKER,
      'CONTAINERS_CONF',
      'CONTAINERS_CONF_OVERRIDE',
      'CONTAINERS_STORAGE_CONF',
      'CONTAINERS_REGISTRIES_CONF',
      'CONTAINER_HOST',
      'CONTAINER_CONNECTION',
      'CONTAINER_SSHKEY',
      'REGISTRY_AUTH_FILE',
      'STORAGE_DRIVER',
      'STORAGE_OPTS',
      '_CONTAINERS_USERNS_CONFIGURED',
      'BUILDAH_ISOLATION',
    ],
  },
  {
    name: 'nerdctl',
    info: ['info', '--format', '{{json .}}'],
    run: [],
    unlogged: [],
    remove: ['rm', '--force', '--volumes'],
    tmpfs: '',
    environment: [
      ...COMMON,
      'CONTAINERD_ADDRESS',
      'CONTAINERD_NAMESPACE',
      'CONTAINERD_SNAPSHOTTER',
      'NERDCTL_TOML',
      'CNI_PATH',
      'NETCONFPATH',
      'DOCKER_CONFIG',
    ],
  },
];
