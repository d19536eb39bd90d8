import { forwarderSource } from '../egress/forwarder.ts';
import type { EgressPlan } from '../egress/open-egress.ts';

/**
 * Program of the container beside a server. What it wrote before somebody is attached to it would
 * be lost, so it waits for the first bytes, which the gateway sends.
 */
export function netScript({ proxyPort, hosts }: EgressPlan): string {
  return `await new Promise((go) => process.stdin.once('readable', go));\n${forwarderSource({ proxyPort, hosts })}`;
}

/** Ends well as soon as the forwarder listens. */
export function probeScript({ proxyPort }: EgressPlan): string {
  return `require('node:net').connect(${proxyPort}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
}
