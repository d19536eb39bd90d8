import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { authorizationServer, call, person, protectedServer } from './support.ts';

test('eight calls that find their token expired make one token request and all succeed', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  await authorizer.login(server.url);
  await call(authorizer, server.url);
  for (let round = 1; round <= 3; round += 1) {
    server.expireAll();
    server.statuses.length = 0;
    const calls = Array.from({ length: 8 }, () => call(authorizer, server.url));
    expect(await Promise.all(calls)).toEqual(Array(8).fill('hello'));
    expect(server.statuses.filter((status) => status === 401)).toHaveLength(8);
    expect(as.tokenRequests.filter(({ grant }) => grant === 'refresh_token')).toHaveLength(round);
  }
});

test('eight calls shortly before expiry make one token request and none is refused', async () => {
  let shift = 0;
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({ clock: () => Date.now() + shift });
  await authorizer.login(server.url);
  server.statuses.length = 0;
  shift = 3590 * 1000;
  await Promise.all(Array.from({ length: 8 }, () => call(authorizer, server.url)));
  expect(as.tokenRequests).toHaveLength(2);
  expect(server.statuses).not.toContain(401);
});

test('two processes with eight calls each make one token request and all succeed', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, folder } = await person();
  await authorizer.login(server.url);
  await call(authorizer, server.url);

  const script = join(import.meta.dirname, 'calls.child.ts');
  const children = [1, 2].map(() =>
    spawn(process.execPath, [script, folder, server.url, '8'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  onTestFinished(() => {
    for (const child of children) child.kill();
  });
  for (const child of children) child.stdout.setEncoding('utf8');
  const ready = await Promise.all(children.map((child) => once(child.stdout, 'data')));
  expect(ready.flat()).toEqual(['ready\n', 'ready\n']);
  server.expireAll();
  const results = children.map(async (child) => {
    const result = once(child.stdout, 'data');
    child.stdin.write('go\n');
    return (await result)[0];
  });
  expect(await Promise.all(results)).toEqual(['8\n', '8\n']);
  expect(as.tokenRequests.filter(({ grant }) => grant === 'refresh_token')).toEqual([
    { grant: 'refresh_token', status: 200, resource: server.url },
  ]);
}, 30_000);
