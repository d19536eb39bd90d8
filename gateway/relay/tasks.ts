import type { Client, Inbound } from './inbound.ts';
import type { JsonObject } from './protocol.ts';
import type { Server } from './server.ts';

/** Tasks of one client that are remembered; older ones can still be asked for by their id. */
const MOST_TASKS = 1000;

/**
 * `tasks/list`: the tasks that calls of this client started, newest first, each as its server tells
 * of it now. A server's own list is never asked for: clients share servers, and it may hold the tasks
 * of others.
 */
export async function listTasks(inbound: Inbound): Promise<void> {
  const { tasks } = inbound.client;
  const found = await Promise.all(
    [...tasks].reverse().map(async ([taskId, server]): Promise<JsonObject[]> => {
      const connection = server.readyLine(inbound)?.connection;
      try {
        const answer = await connection?.ask('tasks/get', { taskId }, server.callTimeoutMs);
        if (answer) {
          const { _meta, ...task } = answer;
          return [task];
        }
      } catch {
        // Its time is over, or its server was started anew and knows nothing of it.
      }
      tasks.delete(taskId);
      return [];
    }),
  );
  inbound.result({ tasks: found.flat() });
}

export function rememberTask({ tasks }: Client, taskId: string, server: Server): void {
  tasks.delete(taskId);
  const [oldest] = tasks.keys();
  if (tasks.size >= MOST_TASKS && oldest !== undefined) tasks.delete(oldest);
  tasks.set(taskId, server);
}
