import { PortolanError } from '../../../core/errors.ts';
import { runTool } from '../run-tool.ts';
import type { Keychain, KeychainTools } from './keychain.ts';

/** The Secret Service of a Linux desktop (GNOME Keyring, KWallet) through libsecret's secret-tool. */
export function secretTool(tools: KeychainTools): Keychain {
  const name = 'secret-tool';
  const attributes = (id: string) => ['application', 'portolan', 'vault', id];
  const run = (args: string[], input?: string, timeout = tools.timeout) =>
    runTool({ command: name, args, input, timeout, environment: tools.environment });
  const failed = (action: string) =>
    new PortolanError(
      'unreachable',
      'KEYCHAIN_FAILED',
      `secret-tool ${action} failed; unlock the keyring of this desktop session, or run \`secret-tool lookup application probe\` to see why`,
    );
  return {
    name,
    get: async (id) => {
      const { exitCode, stdout, complained } = await run(['lookup', ...attributes(id)]);
      if (exitCode === 0) return stdout;
      // Exit code 1 without a word means that there is no such item.
      if (complained) throw failed('lookup');
      return undefined;
    },
    set: async (id, value) => {
      const label = `--label=Portolan vault ${id.slice(0, 8)}`;
      const { exitCode } = await run(['store', label, ...attributes(id)], value);
      if (exitCode !== 0) throw failed('store');
    },
    remove: async (id) => {
      const { exitCode, complained } = await run(['clear', ...attributes(id)]);
      if (exitCode !== 0 && complained) throw failed('clear');
    },
    answers: async () => {
      const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = tools.environment;
      // Without a bus libsecret would try to start one and wait.
      if (!DBUS_SESSION_BUS_ADDRESS && !XDG_RUNTIME_DIR) return false;
      return run(['lookup', ...attributes('probe')], undefined, 5_000).then(
        ({ complained }) => !complained,
        () => false,
      );
    },
  };
}
