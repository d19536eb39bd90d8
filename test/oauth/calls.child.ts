/** Makes COUNT calls at the same time when told to: one of the processes of concurrency.test.ts. */
import { createAuthorizer } from '../../gateway/oauth/authorizer.ts';
import { call, vaultAt } from './support.ts';

const [home = '', server = '', count = ''] = process.argv.slice(2);
const authorizer = createAuthorizer({ vault: vaultAt(home) });
await authorizer.authorize(server);
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const calls = Array.from({ length: Number(count) }, () => call(authorizer, server));
const results = await Promise.allSettled(calls);
for (const result of results) if (result.status === 'rejected') console.error(result.reason);
process.stdout.write(`${results.filter(({ status }) => status === 'fulfilled').length}\n`);
process.exit();
