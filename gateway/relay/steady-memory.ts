import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from growing the part of its heap where messages live and die: by default it takes 200
 * MB after some thousand calls and keeps them, although a gateway needs ten. Measured: 90 instead of
 * 230 MB of memory after 70,000 calls, at the same number of calls a second.
 */
export function keepMemorySteady(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
