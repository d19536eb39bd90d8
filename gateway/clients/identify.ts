/** What an entry of a client starts or connects to, as far as a catalog could know it. */
export type ServerIdentity =
  | { readonly kind: 'npm'; readonly name: string }
  | { readonly kind: 'image'; readonly name: string }
  | { readonly kind: 'url'; readonly name: string }
  | { readonly kind: 'pypi'; readonly name: string }
  | { readonly kind: 'portolan' | 'docker-toolkit' | 'other'; readonly name: string };

/** Recognizes a server by the command or address of its entry. Values of variables are not read. */
export function identify(entry: unknown): ServerIdentity {
  const address = addressOf(entry);
  if (address !== undefined) return { kind: 'url', name: normalUrl(address) };
  const [command = '', ...args] = withoutShell(commandOf(entry));
  const program = programOf(command);
  const line = [program, ...args];
  if (
    /^portolan(@|$)/.test(program) ||
    line.some((word) => /^portolan(@|\.mjs$|$)/.test(programOf(word)))
  ) {
    return { kind: 'portolan', name: 'portolan' };
  }
  // Options of docker itself may come first: `docker --context desktop-linux mcp gateway run`.
  if (program === 'docker' && (args[0] === 'mcp' || args.join(' ').includes('mcp gateway run'))) {
    return { kind: 'docker-toolkit', name: 'docker mcp gateway' };
  }
  const image = imageOf(program, args);
  if (image !== undefined) return { kind: 'image', name: normalImage(image) };
  const runner = packageOf(program, args);
  if (runner?.name === 'mcp-remote' && runner.rest[0] !== undefined) {
    return { kind: 'url', name: normalUrl(runner.rest[0]) };
  }
  if (runner) return { kind: runner.kind, name: runner.name };
  return { kind: 'other', name: program };
}

/** Program and arguments of an entry, in any client's shape. */
export function commandOf(entry: unknown): readonly string[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { command, cmd, args } = entry as Record<string, unknown>;
  // Older settings of Zed nest both.
  if (typeof command === 'object' && command !== null && !Array.isArray(command)) {
    const { path, args: inner } = command as Record<string, unknown>;
    return [...strings(path), ...strings(inner)];
  }
  return [...strings(command ?? cmd), ...strings(args)];
}

/** `Registry/Name:tag@digest` as the repository alone, as Docker understands it. */
export function normalImage(reference: string): string {
  const [name = ''] = reference.split('@');
  const untagged = name.replace(/:[^/:]*$/, '');
  const [first = '', ...rest] = untagged.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = isHost && first !== 'index.docker.io' ? first : 'docker.io';
  const path = isHost ? rest.join('/') : untagged;
  return host === 'docker.io' && !path.includes('/')
    ? `docker.io/library/${path}`
    : `${host}/${path}`;
}

/** An address without query, fragment, credentials and trailing slash: what may hold a secret goes. */
export function normalUrl(text: string): string {
  try {
    const url = new URL(text);
    return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  } catch {
    return '(not an address)';
  }
}

function addressOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { url, httpUrl, serverUrl, uri } = entry as Record<string, unknown>;
  return [url, httpUrl, serverUrl, uri].find((value) => typeof value === 'string');
}

function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}

function programOf(command: string): string {
  return (command.split(/[\\/]/).at(-1) ?? '').replace(/\.(exe|cmd|bat)$/i, '');
}

/** `cmd /c npx ...` starts npx. */
function withoutShell(words: readonly string[]): readonly string[] {
  const [command = '', flag = ''] = words;
  return programOf(command).toLowerCase() === 'cmd' && flag.toLowerCase() === '/c'
    ? words.slice(2)
    : words;
}

/** Options of `docker run` and `podman run` that have no value of their own. */
const BARE =
  /^(-[itdPqt]+|--(rm|init|interactive|tty|detach|privileged|read-only|publish-all|quiet|no-healthcheck|sig-proxy|oom-kill-disable|replace))$/;

function imageOf(program: string, args: readonly string[]): string | undefined {
  if (!['docker', 'podman', 'nerdctl'].includes(program)) return undefined;
  const run = args.indexOf('run');
  if (run < 0) return undefined;
  for (let index = run + 1; index < args.length; index++) {
    const word = args[index] as string;
    if (!word.startsWith('-')) return word;
    if (!BARE.test(word) && !/^--[^=]+=/.test(word)) index += 1;
  }
  return undefined;
}

interface Package {
  readonly kind: 'npm' | 'pypi';
  readonly name: string;
  readonly rest: readonly string[];
}

/** The package that npx and its likes run. */
function packageOf(program: string, args: readonly string[]): Package | undefined {
  const [first = '', second = ''] = args;
  if (['npx', 'bunx', 'pnpx'].includes(program)) return named('npm', args);
  if (program === 'npm' && ['exec', 'x'].includes(first)) return named('npm', args.slice(1));
  if (['pnpm', 'yarn'].includes(program) && first === 'dlx') return named('npm', args.slice(1));
  if (program === 'bun' && first === 'x') return named('npm', args.slice(1));
  if (program === 'uvx') return named('pypi', args);
  if (program === 'uv' && first === 'tool' && second === 'run') return named('pypi', args.slice(2));
  if (program === 'pipx' && first === 'run') return named('pypi', args.slice(1));
  return undefined;
}

function named(kind: Package['kind'], args: readonly string[]): Package | undefined {
  let chosen: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string;
    const [flag = '', value] = word.split(/=(.*)/s);
    if (['-p', '--package', '--from'].includes(flag)) {
      chosen ??= value ?? args[index + 1];
      if (value === undefined) index += 1;
    } else if (['--registry', '--python', '-c', '--call', '--with', '--prefix'].includes(flag)) {
      if (value === undefined) index += 1;
    } else if (!word.startsWith('-')) {
      return packageNamed(kind, chosen ?? word, args.slice(index + 1));
    }
  }
  return chosen === undefined ? undefined : packageNamed(kind, chosen, []);
}

function packageNamed(kind: Package['kind'], spec: string, rest: readonly string[]): Package {
  const name = kind === 'npm' ? spec.replace(/(?<=.)@.*$/, '') : spec.replace(/(==|@|\[).*$/, '');
  return { kind, name, rest };
}
