import { PassThrough, type Readable, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { messageOf, PortolanError } from '../../errors.ts';
import type { Channel } from '../channel.ts';
import { lineReader } from '../line-reader.ts';
import { messagesIn } from '../messages-in.ts';
import { redactor } from '../redact.ts';
import { createTail } from '../tail.ts';
import type { LaunchOptions, LaunchPlan } from '../types.ts';
import type { Cluster } from './cluster.ts';
import { readPod, statusOf } from './follow-pod.ts';
import { CONTAINER } from './objects.ts';

/** Bytes that may wait for the cluster before `send` waits for it, too. */
const MOST_WAITING = 2 ** 20;

/**
 * Newline-delimited JSON with the server of a running pod. `onEnd` is called once, before `close`
 * resolves. Throws what attaching to the pod throws.
 */
export async function openPodChannel(
  cluster: Cluster,
  pod: string,
  { entry, resolved }: LaunchPlan,
  options: LaunchOptions,
  onEnd: () => Promise<void>,
): Promise<Channel> {
  const redact = redactor(Object.values(resolved.secretEnv));
  const tail = createTail();
  const note = (text: string) => tail.add(`[portolan] ${text}\n`);
  const stdin = new PassThrough();
  let fault: Error | undefined;
  let ended = false;
  let closing = false;
  const fail = (code: string, text: string, cause?: unknown) =>
    new PortolanError('failed', code, `${entry.name}: ${redact(text)}`, { cause });

  const read = lineReader(options.maxMessageBytes ?? 64 * 2 ** 20, (line) => {
    for (const message of messagesIn(line, note)) {
      try {
        channel.onMessage(message);
      } catch (error) {
        note(`a message was lost: ${messageOf(error)}`);
      }
    }
  });
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        if (!fault) read(chunk);
      } catch (error) {
        fault = fail((error as PortolanError).code ?? 'SERVER_GONE', messageOf(error), error);
        void channel.close();
      }
      done();
    },
  });
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      tail.add(chunk.toString('utf8'));
      done();
    },
  });
  const socket = await cluster.call('create', 'pods/attach', () =>
    cluster.attach.attach(cluster.namespace, pod, CONTAINER.server, stdout, stderr, stdin, false),
  );

  // Not every version of the client's WebSocket can pause; the connection below it always can.
  const raw: Pick<Writable & Readable, 'pause' | 'resume'> = socket._socket;

  const gone = new Promise<void>((resolve) => {
    socket.on('close', async () => {
      ended = true;
      if (!closing) fault ??= await endOf(cluster, pod, fail, () => redact(tail.text()));
      try {
        await onEnd();
      } catch (error) {
        options.onNotice?.(`${entry.name}: pod ${pod} could not be removed: ${messageOf(error)}`);
      }
      resolve();
      channel.onClose(fault);
    });
  });
  socket.on('error', (error: unknown) => note(messageOf(error)));

  const channel: Channel = {
    onMessage: () => {},
    onClose: () => {},
    async send(message) {
      if (ended || closing) {
        throw fault ?? fail('SERVER_GONE', 'the server has ended; start it again');
      }
      stdin.write(`${JSON.stringify(message)}\n`);
      while (socket.bufferedAmount > MOST_WAITING && !ended) await setTimeout(5);
    },
    pause: () => raw.pause(),
    resume: () => raw.resume(),
    async close() {
      if (!closing) {
        closing = true;
        raw.resume();
        stdin.end();
        // Servers that do not leave at the end of their input are removed with their pod.
        const late = new AbortController();
        const wait = setTimeout(options.graceMs ?? 1_500, 0, { signal: late.signal });
        await Promise.race([gone, wait]).catch(() => {});
        late.abort();
        socket.close();
        await Promise.race([gone, setTimeout(2_000, 0, { ref: false })]);
        socket.terminate();
      }
      await gone;
    },
    diagnostics: () => redact(tail.text()),
    info: {
      driver: 'kubernetes',
      command: ['kubectl', 'attach', '--namespace', cluster.namespace, pod],
      pid: 0,
      notes: [],
    },
  };
  if (options.signal?.aborted) await channel.close();
  options.signal?.throwIfAborted();
  options.signal?.addEventListener('abort', () => void channel.close(), { once: true });
  return channel;
}

/** Why a conversation ended that nobody ended here; undefined after an orderly end of the server. */
async function endOf(
  cluster: Cluster,
  pod: string,
  fail: (code: string, text: string, cause?: unknown) => PortolanError,
  stderr: () => string,
): Promise<PortolanError | undefined> {
  try {
    // The kubelet reports an end a moment after the stream has ended.
    for (let look = 0; look < 10; look += 1) {
      const seen = await readPod(cluster, pod);
      if (!seen) return fail('SERVER_GONE', 'its pod was deleted');
      const ended = statusOf(seen, CONTAINER.server)?.state?.terminated;
      if (ended?.exitCode === 0) return undefined;
      if (ended) {
        const last = stderr().trim().split('\n').slice(-3).join(' | ').slice(-600);
        const why = ended.reason === 'OOMKilled' ? ' (it used more memory than it may)' : '';
        return fail(
          'SERVER_GONE',
          `it ended with exit code ${ended.exitCode}${why}${last && `: ${last}`}`,
        );
      }
      await setTimeout(200);
    }
    return fail('SERVER_GONE', 'the connection to its pod was lost');
  } catch (error) {
    return fail('SERVER_GONE', `the connection to its pod was lost: ${messageOf(error)}`, error);
  }
}
