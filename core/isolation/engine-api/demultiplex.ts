import { type Duplex, Readable } from 'node:stream';

/** Kind of output, three zeros, and the length of what follows as four bytes, big-endian. */
const HEADER = 8;
const STDERR = 2;

/**
 * Takes apart an engine's stream of frames into a container's two outputs. Reads no further while
 * one of them is not read, so that the container waits.
 */
export function demultiplex(
  socket: Duplex,
  head: Buffer,
): { readonly stdout: Readable; readonly stderr: Readable } {
  const full = new Set<Readable>();
  const output = () => {
    const goOn = () => {
      if (full.delete(stream) && full.size === 0) socket.resume();
    };
    const stream = new Readable({
      read: goOn,
      destroy: (error, done) => {
        goOn();
        done(error);
      },
    });
    return stream;
  };
  const stdout = output();
  const stderr = output();
  let target = stdout;
  let left = 0;
  let header: Buffer = Buffer.alloc(0);

  const take = (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const part = chunk.subarray(at, at + HEADER - header.length);
        header = header.length === 0 ? part : Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER) return;
        target = header[0] === STDERR ? stderr : stdout;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(at, at + left);
      at += part.length;
      left -= part.length;
      // What nobody wants any more is dropped, so that the container can end.
      if (!target.destroyed && !target.push(part)) full.add(target);
    }
  };
  socket.on('data', (chunk: Buffer) => {
    take(chunk);
    if (full.size > 0) socket.pause();
  });
  socket.on('error', () => {});
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    for (const stream of [stdout, stderr]) if (!stream.destroyed) stream.push(null);
  };
  socket.once('end', end).once('close', end);
  if (head.length > 0) take(head);
  return { stdout, stderr };
}
