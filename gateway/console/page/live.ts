import type { LiveEvent } from '../api/types.ts';
import { rawRequest } from './api.ts';

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

/** Hears what happens for as long as the signal lasts. */
export function listen(listener: Listener, signal: AbortSignal): void {
  listeners.add(listener);
  signal.addEventListener('abort', () => listeners.delete(listener));
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Keeps one stream of events open, and opens it anew when it breaks. EventSource cannot send the
 * session's key, so this reads the stream by hand. `onBack` is called when it is open again.
 */
export async function stayConnected(onBack: () => void): Promise<never> {
  let wait = FIRST_WAIT_MS;
  let isFirst = true;
  for (;;) {
    try {
      const response = await rawRequest('/api/events', {});
      if (!isFirst) onBack();
      isFirst = false;
      wait = FIRST_WAIT_MS;
      await read(response);
    } catch {
      // Told by whenLost; here it is only tried again.
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

async function read(response: Response): Promise<void> {
  let text = '';
  const stream = response.body?.pipeThrough(new TextDecoderStream());
  if (!stream) return;
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith('data: ')) tell(JSON.parse(block.slice(6)) as LiveEvent);
    }
  }
}

function tell(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}
