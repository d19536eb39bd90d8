/** Uses the Secret Service of this session for a vault in HOME; prints what keychain.test.ts checks. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openVault } from '../../gateway/vault/vault.ts';

const [home = ''] = process.argv.slice(2);
const address = { profile: 'work', server: 'github', name: 'token' };
await openVault({ home }).set(address, 'kept by the session');
const again = openVault({ home });
const value = await again.get(address);
const header = await again.keyHeader();
const file = await readFile(join(home, 'vault/secrets.json'), 'utf8');
await again.rekey('passphrase', { passphrase: async () => 'correct horse' });
const moved = openVault({ home, passphrase: async () => 'correct horse' });
const movedValue = await moved.get(address);
const old = openVault({ home });
await writeFile(join(home, 'vault/secrets.json'), file, { mode: 0o600 });
const afterDrop = await old.get(address).catch((error) => error.code);
console.log(JSON.stringify({ value, header, movedValue, afterDrop }));
