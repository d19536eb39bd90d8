import { describe, expect, it, onTestFinished } from 'vitest';
import { callerGateways } from '../../gateway/compose/caller-gateways.ts';
import type { OpenRelay } from '../../gateway/compose/open-relay.ts';
import type { Gateway } from '../../gateway/relay/gateway.ts';
import { fixture, gatewayOf, upstream } from '../support/gateway.ts';

const outlet = { send() {}, end() {} };

function setUp({ idleMs = 60_000, fail }: { idleMs?: number; fail?: Error } = {}) {
  const opened: string[] = [];
  const ended: string[] = [];
  const log: string[] = [];
  const callers = callerGateways({
    main: () => undefined,
    async open(profile): Promise<OpenRelay> {
      opened.push(profile);
      if (fail) throw fail;
      const gateway = gatewayOf([upstream('scripted', fixture('scripted.ts'))]);
      return {
        gateway: {
          ...gateway,
          async close() {
            ended.push(profile);
            await gateway.close();
          },
        },
        count: 1,
        profile: () => profile,
        served: () => ({ selection: { servers: [], all: false, set: [] } }),
        follow: async () => async () => {},
      };
    },
    idleMs,
    log: (line) => log.push(line),
  });
  onTestFinished(() => callers.close());
  return { callers, opened, ended, log };
}

const enter = (gateway: Gateway | undefined) =>
  gateway?.connect({ key: 'a', principal: 'a', outlet });

describe('gateways of callers', () => {
  it('are opened once for many that come at the same time', async () => {
    const { callers, opened } = setUp();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        callers.of({ principal: `p${index}`, profile: index % 2 ? 'a' : 'b' }),
      ),
    );
    expect(opened.sort()).toEqual(['a', 'b']);
    expect(new Set(all).size).toBe(2);
    // From then on there is nothing to wait for.
    expect(callers.of({ principal: 'p', profile: 'a' })).toBe(all[1]);
  });

  it('end when nobody uses them, and are opened again', async () => {
    const { callers, opened, ended } = setUp({ idleMs: 50 });
    const caller = { principal: 'p', profile: 'a' };
    const gateway = await callers.of(caller);
    const client = enter(gateway);
    await new Promise((done) => setTimeout(done, 150));
    expect(ended).toEqual([]);
    if (client) await gateway?.disconnect(client, true);
    await expect.poll(() => ended).toEqual(['a']);
    expect(await callers.of(caller)).toBeDefined();
    expect(opened).toEqual(['a', 'a']);
  });

  it('are not tried again at each request after a fault', async () => {
    const { callers, opened } = setUp({ fail: new Error('no catalog') });
    const caller = { principal: 'p', profile: 'a' };
    await expect(callers.of(caller)).rejects.toThrow('no catalog');
    await expect(callers.of(caller)).rejects.toThrow('no catalog');
    expect(opened).toEqual(['a']);
    expect(callers.of({ principal: 'p', profile: null })).toBeUndefined();
  });
});
