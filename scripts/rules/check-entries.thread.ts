import { parentPort, workerData } from 'node:worker_threads';
import { checkEntries, type EntriesTask } from './check-entries.ts';

parentPort?.postMessage(await checkEntries(workerData as EntriesTask));
