import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { RUNNER } from '../support/built-gateway.ts';

test.each([[['--help']], [['policy', 'test', '--help']]])(
  'portolan %j ends quietly when its reader has seen enough',
  async (args) => {
    const child = spawn(process.execPath, [RUNNER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code, said }).toEqual({ code: 0, said: '' });
  },
);
