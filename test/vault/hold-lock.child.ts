/** Takes the lock at PATH, says so and keeps it until it is killed. */
import { withLock } from '../../gateway/vault/lock.ts';

const [path = ''] = process.argv.slice(2);
await withLock(path, async () => {
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
