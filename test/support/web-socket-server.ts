import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The server's end of one WebSocket (RFC 6455): as much as the cluster's streams need. */
export interface ServerSocket {
  send(bytes: Buffer): void;
  close(): void;
  onMessage: (bytes: Buffer) => void;
  onClose: () => void;
}

/** Takes an upgrade with the first of the protocols that the client offers and we know. */
export function acceptWebSocket(
  request: IncomingMessage,
  stream: Duplex,
  protocols: readonly string[],
): ServerSocket {
  const offered = String(request.headers['sec-websocket-protocol']).split(/, ?/);
  const protocol = protocols.find((name) => offered.includes(name)) ?? '';
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  const write = (opcode: number, bytes: Buffer) => {
    if (stream.destroyed || stream.writableEnded) return;
    const head = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10);
    head[0] = 0x80 | opcode;
    if (bytes.length < 126) head[1] = bytes.length;
    else if (bytes.length < 65_536) {
      head[1] = 126;
      head.writeUInt16BE(bytes.length, 2);
    } else {
      head[1] = 127;
      head.writeBigUInt64BE(BigInt(bytes.length), 2);
    }
    stream.write(Buffer.concat([head, bytes]));
  };
  const socket: ServerSocket = {
    send: (bytes) => write(2, bytes),
    close() {
      write(8, Buffer.from([3, 232]));
      stream.end();
    },
    onMessage: () => {},
    onClose: () => {},
  };
  let held = Buffer.alloc(0);
  let message: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (let frame = takeFrame(held); frame; frame = takeFrame(held)) {
      held = held.subarray(frame.size);
      if (frame.opcode === 8) socket.close();
      else if (frame.opcode <= 2) {
        message.push(frame.payload);
        if (!frame.final) continue;
        socket.onMessage(Buffer.concat(message));
        message = [];
      }
    }
  });
  stream.on('error', () => stream.destroy());
  stream.on('close', () => socket.onClose());
  return socket;
}

function takeFrame(bytes: Buffer) {
  if (bytes.length < 6) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 127;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start + 4) return undefined;
  const length =
    short === 127
      ? Number(bytes.readBigUInt64BE(2))
      : short === 126
        ? bytes.readUInt16BE(2)
        : short;
  const size = start + 4 + length;
  if (bytes.length < size) return undefined;
  const payload = Buffer.from(bytes.subarray(start + 4, size));
  for (let index = 0; index < length; index += 1) {
    payload[index] = (payload[index] as number) ^ (bytes[start + (index & 3)] as number);
  }
  return { opcode: first & 15, final: first > 127, payload, size };
}
