import { expect, test } from 'vitest';
import { openHttpChannel } from '../../gateway/relay/http-channel.ts';
import { browse } from './browser-agent.ts';
import { authorizationServer, person, protectedServer } from './support.ts';

test("the relay's connection signs in, calls, and renews through the authorizer", async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({
    onSignInNeeded: async ({ authorizationUrl }) => void (await browse(authorizationUrl)),
  });
  const channel = await openHttpChannel({
    url: server.url,
    transport: 'streamable-http',
    headers: () => authorizer.authorize(server.url),
    authorize: (challenge) => authorizer.authorize(server.url, challenge, { name: 'protected' }),
  });
  let arrived = Promise.withResolvers<unknown>();
  channel.onMessage = (message) => arrived.resolve(message);
  const ask = async (id: number, method: string, params: Record<string, unknown>) => {
    arrived = Promise.withResolvers();
    await channel.send({ jsonrpc: '2.0', id, method, params });
    return arrived.promise;
  };
  const answer = await ask(1, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'tests', version: '1.0.0' },
  });
  expect(answer).toMatchObject({ result: { serverInfo: { name: 'protected' } } });
  await channel.send({ jsonrpc: '2.0', method: 'notifications/initialized' });

  server.expireAll();
  const result = await ask(2, 'tools/call', { name: 'whoami', arguments: {} });
  expect(result).toMatchObject({ result: { content: [{ text: 'hello' }] } });
  expect(as.tokenRequests.map(({ grant }) => grant)).toEqual([
    'authorization_code',
    'refresh_token',
  ]);
  await channel.close();
});
