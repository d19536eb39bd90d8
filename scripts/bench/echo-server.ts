// A server that answers at once, so that a measurement shows the cost of what stands in front of
// it. On stdio, or with --http on a free port, which it prints.
import { createServer } from 'node:http';

const TOOLS = [
  {
    name: 'echo',
    description: 'Answers with what it was sent',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  },
];

interface Message {
  id?: number | string;
  method?: string;
  params?: { name?: string; protocolVersion?: string; arguments?: { text?: string } };
}

function answer({ id, method, params }: Message): string {
  const result =
    method === 'tools/call'
      ? { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] }
      : method === 'tools/list'
        ? { tools: TOOLS }
        : {
            protocolVersion: params?.protocolVersion,
            capabilities: { tools: {} },
            serverInfo: { name: 'echo', version: '1.0.0' },
          };
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

if (process.argv.includes('--http')) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const message = JSON.parse(body) as Message;
      if (message.id === undefined) return response.writeHead(202).end();
      const text = answer(message);
      const head = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      };
      response.writeHead(200, head).end(text);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())));
} else {
  let rest = '';
  process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      if (message.id !== undefined) process.stdout.write(`${answer(message)}\n`);
    }
  });
  process.stdin.on('end', () => process.exit());
}
