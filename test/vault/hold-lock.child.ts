/** Takes the lock at PATH, says so and keeps it until it is killed. */
import { withFileLock } from '../../core/file-lock.ts';

const [path = ''] = process.argv.slice(2);
await withFileLock(path, async () => {
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
