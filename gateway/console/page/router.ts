import type { LiveEvent } from '../api/types.ts';
import { fill } from './dom.ts';
import { listen } from './live.ts';
import { problem } from './parts/action.ts';
import type { Shell } from './shell.ts';
import type { Page, View } from './view.ts';

/** Opens a page in the main part. `leave` ends all that it does. */
export function openView(
  shell: Shell,
  name: string,
  page: Page,
  go: (address: string) => void,
): { readonly ready: Promise<void>; readonly leave: () => void } {
  const stop = new AbortController();
  const { signal } = stop;
  const show: View['show'] = (...content) => {
    if (!signal.aborted) fill(shell.main, ...content);
  };
  const view: View = {
    name,
    query: new URLSearchParams(location.search),
    signal,
    show,
    go,
    say: shell.say,
    async follow(areas, load) {
      const attempt = () =>
        load().catch((error) => {
          if (!signal.aborted) show(problem(error, () => void attempt()));
        });
      const heard = (event: LiveEvent) => {
        if (event.topic !== 'changed') return;
        if (event.areas.some((area) => areas.includes(area))) void attempt();
      };
      listen(heard, signal);
      await attempt();
    },
  };
  shell.main.replaceChildren();
  const ready = page.open(view).catch((error) => {
    if (!signal.aborted) show(problem(error));
  });
  return { ready, leave: () => stop.abort() };
}
