import { PortolanError } from '../../../core/errors.ts';
import { runTool } from '../run-tool.ts';
import type { Keychain, KeychainTools } from './keychain.ts';

const USER = 'portolan';

/**
 * A `docker-credential-*` helper: osxkeychain, wincred, secretservice, pass and others. Values go
 * over standard input and output only. Protocol: github.com/docker/docker-credential-helpers.
 */
export function dockerHelper(name: string, tools: KeychainTools): Keychain {
  const run = (action: string, input: string, timeout = tools.timeout) =>
    runTool({ command: name, args: [action], input, timeout, environment: tools.environment });
  // Some helpers take the name apart as a URL; .invalid can never be a registry (RFC 2606).
  const serverOf = (id: string) => `https://portolan.invalid/vault/${id}`;

  const get = async (id: string) => {
    const { exitCode, stdout } = await run('get', serverOf(id));
    if (exitCode !== 0) {
      if (/not found/i.test(stdout)) return undefined;
      throw failed(name, 'get');
    }
    try {
      const secret = (JSON.parse(stdout) as { Secret?: unknown }).Secret;
      return typeof secret === 'string' ? secret : undefined;
    } catch {
      // The text that is not JSON may hold the secret: it goes nowhere, not even to a cause.
      throw failed(name, 'get');
    }
  };
  return {
    name,
    get,
    set: async (id, value) => {
      const credential = { ServerURL: serverOf(id), Username: USER, Secret: value };
      const { exitCode } = await run('store', JSON.stringify(credential));
      if (exitCode !== 0) throw failed(name, 'store');
    },
    remove: async (id) => {
      const { exitCode } = await run('erase', serverOf(id));
      if (exitCode !== 0 && (await get(id)) !== undefined) throw failed(name, 'erase');
    },
    answers: () =>
      run('list', '', Math.min(tools.timeout, 5_000)).then(
        ({ exitCode }) => exitCode === 0,
        () => false,
      ),
  };
}

function failed(name: string, action: string): PortolanError {
  return new PortolanError(
    'unreachable',
    'KEYCHAIN_FAILED',
    `${name} ${action} failed; unlock the keychain, or run \`${name} list\` to see why`,
  );
}
