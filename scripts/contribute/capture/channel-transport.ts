import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { Channel, JsonRpcMessage } from '../../../core/isolation/channel.ts';

/** The MCP SDK's client over a channel of an isolation driver. */
export function transportOf(channel: Channel): Transport {
  const transport: Transport = {
    async start() {
      channel.onMessage = (message) => transport.onmessage?.(message as JSONRPCMessage);
      channel.onClose = (reason) => {
        if (reason) transport.onerror?.(reason);
        transport.onclose?.();
      };
    },
    send: (message) => channel.send(message as JsonRpcMessage),
    close: () => channel.close(),
  };
  return transport;
}
