// A proxy as the official SDK suggests to build one: its client towards the server, its server
// towards the client. `sdk-proxy.ts stdio|http COMMAND ...`; on HTTP it prints its port.
import { createServer } from 'node:http';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const [front, command = '', ...args] = process.argv.slice(2);
const upstream = new Client({ name: 'proxy', version: '1.0.0' });
await upstream.connect(new StdioClientTransport({ command, args }));

function make() {
  const server = new Server({ name: 'proxy', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', (request) => upstream.listTools(request.params));
  server.setRequestHandler('tools/call', (request) => upstream.callTool(request.params));
  return server;
}

if (front === 'stdio') serveStdio(make);
else {
  const server = createServer(toNodeHandler(createMcpHandler(make)));
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())));
}
