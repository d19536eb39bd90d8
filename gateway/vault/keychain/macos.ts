import { PortolanError } from '../../../core/errors.ts';
import { runTool } from '../run-tool.ts';
import type { Keychain, KeychainTools } from './keychain.ts';

const ITEM_NOT_FOUND = 44;

/**
 * The login keychain of macOS through `security`. In its interactive mode commands come over
 * standard input, so the value stays out of the arguments. Any program of the user can read the
 * item through `security` without being asked: docker-credential-osxkeychain, which has an access
 * list of its own, is preferred where it is installed.
 */
export function macosKeychain(tools: KeychainTools): Keychain {
  const name = 'security';
  const run = (args: string[], input?: string) =>
    runTool({
      command: '/usr/bin/security',
      args,
      input,
      timeout: tools.timeout,
      environment: tools.environment,
    });
  const find = (id: string) => ['-s', 'portolan-vault', '-a', id];
  const failed = (action: string) =>
    new PortolanError(
      'unreachable',
      'KEYCHAIN_FAILED',
      `security ${action} failed; unlock the login keychain (\`security unlock-keychain\`)`,
    );
  const get = async (id: string) => {
    const { exitCode, stdout } = await run(['find-generic-password', ...find(id), '-w']);
    if (exitCode === ITEM_NOT_FOUND) return undefined;
    if (exitCode !== 0) throw failed('find-generic-password');
    return stdout.trim();
  };
  return {
    name,
    get,
    set: async (id, value) => {
      // Ids and keys are hexadecimal: nothing in them needs quoting.
      await run(['-i'], `add-generic-password -U ${find(id).join(' ')} -w ${value}\n`);
      if ((await get(id)) !== value) throw failed('add-generic-password');
    },
    remove: async (id) => {
      const { exitCode } = await run(['delete-generic-password', ...find(id)]);
      if (exitCode !== 0 && exitCode !== ITEM_NOT_FOUND) throw failed('delete-generic-password');
    },
    answers: () =>
      run(['default-keychain']).then(
        ({ exitCode }) => exitCode === 0,
        () => false,
      ),
  };
}
