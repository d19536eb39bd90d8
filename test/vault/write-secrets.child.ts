/** Sets COUNT secrets in the vault of HOME: one of the writers of lock.test.ts. */
import { openVault } from '../../gateway/vault/vault.ts';
import { keychainIn } from './support.ts';

const [home = '', writer = '', count = ''] = process.argv.slice(2);
const vault = openVault({ home, ...keychainIn(home) });
for (let index = 0; index < Number(count); index += 1) {
  const address = { profile: 'work', server: 'github', name: `w${writer}_${index}` };
  await vault.set(address, `${writer} ${index}`);
}
