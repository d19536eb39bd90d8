/** Sets COUNT secrets in the vault of HOME: one of the writers of lock.test.ts. */
import { openVault } from '../../gateway/vault/vault.ts';

const [home = '', writer = '', count = ''] = process.argv.slice(2);
const vault = openVault({ home, keep: 'passphrase', passphrase: async () => 'correct horse' });
for (let index = 0; index < Number(count); index += 1) {
  const address = { profile: 'work', server: 'github', name: `w${writer}_${index}` };
  await vault.set(address, `${writer} ${index}`);
}
