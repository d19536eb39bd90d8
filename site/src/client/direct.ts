// Loaded when someone opens "direct": the way of the chosen client, made from the server's JSON.
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { directHtml } from '../lib/install.ts';

let entry: Promise<ServerEntry> | undefined;

export async function showDirect(details: HTMLDetailsElement, client?: string): Promise<void> {
  const { direct, name } = details.dataset as { direct: string; name: string };
  entry ??= fetch(direct)
    .then((response) => response.json())
    .then((json) => (json[name] ?? json).entry);
  const place = details.querySelector('.ways');
  // Safe: directHtml escapes all that comes from the entry.
  if (place) place.innerHTML = directHtml(await entry, client);
}
