import { Worker } from 'node:worker_threads';
import { checkEntries, type EntriesReport, type EntriesTask } from './check-entries.ts';

/** Starting a thread costs as much as checking this many entries. */
const WORTH_A_THREAD = 250;

/** As `checkEntries`, in several threads when there are many entries. */
export async function checkInThreads(task: EntriesTask, threads: number): Promise<EntriesReport> {
  const count = Math.min(threads, Math.floor(task.names.length / WORTH_A_THREAD));
  if (count < 2) return await checkEntries(task);
  const size = Math.ceil(task.names.length / count);
  const reports = await Promise.all(
    Array.from({ length: count }, (_, part) =>
      checkInThread({ ...task, names: task.names.slice(part * size, (part + 1) * size) }),
    ),
  );
  return {
    findings: reports.flatMap(({ findings }) => findings),
    index: reports.flatMap(({ index }) => index),
  };
}

function checkInThread(task: EntriesTask): Promise<EntriesReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./check-entries.thread.ts', import.meta.url), {
      workerData: task,
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a checking thread ended with ${code}`)));
  });
}
