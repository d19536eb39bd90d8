/** One event of an event stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/**
 * Reads an event stream (WHATWG HTML, 9.2) piece by piece. `onRetry` gets the pause in milliseconds
 * that the server asks for before a reconnection. Every character is looked at once.
 */
export function createSseParser(
  onEvent: (event: StreamEvent) => void,
  onRetry: (ms: number) => void = () => {},
): (chunk: string) => void {
  let parts: string[] = [];
  let event = '';
  let data: string[] = [];
  let id: string | undefined;

  const take = (line: string) => {
    if (line === '') {
      if (data.length > 0 || id !== undefined) {
        const one = { event: event || 'message', data: data.join('\n') };
        onEvent(id === undefined ? one : { ...one, id });
      }
      event = '';
      data = [];
      id = undefined;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  };

  return (chunk) => {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf('\n', start);
      if (end < 0) break;
      let line = chunk.slice(start, end);
      if (parts.length > 0) {
        parts.push(line);
        line = parts.join('');
        parts = [];
      }
      take(line.endsWith('\r') ? line.slice(0, -1) : line);
      start = end + 1;
    }
    if (start < chunk.length) parts.push(start === 0 ? chunk : chunk.slice(start));
  };
}
