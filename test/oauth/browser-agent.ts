/**
 * A browser as far as a sign-in needs one: it keeps cookies, follows redirects and sends the login
 * and consent forms that the authorization server shows.
 */
export interface BrowserAgentOptions {
  /** Presses "cancel" on the consent page. */
  readonly deny?: boolean;
  /** Stops before it visits an address that this holds for, and returns that address. */
  readonly stopAt?: (url: URL) => boolean;
}

export interface Visit {
  readonly url: string;
  /** The page that it ended on; empty when it stopped before. */
  readonly text: string;
  readonly status: number;
}

export async function browse(address: string, options: BrowserAgentOptions = {}): Promise<Visit> {
  const cookies = new Map<string, string>();
  let url = new URL(address);
  let init: RequestInit = {};
  for (let step = 0; step < 20; step += 1) {
    if (options.stopAt?.(url)) return { url: url.href, text: '', status: 0 };
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    init = {};
    const location = response.headers.get('location');
    if (location) {
      await response.body?.cancel();
      url = new URL(location, url);
      continue;
    }
    const text = await response.text();
    const action = /<form[^>]* action="([^"]+)" method="post"/.exec(text)?.[1];
    if (!action) return { url: url.href, text, status: response.status };
    const cancel = /<a href="([^"]+\/abort)"/.exec(text)?.[1];
    const isConsent = text.includes('value="consent"');
    if (options.deny && isConsent && cancel) {
      url = new URL(cancel, url);
      continue;
    }
    url = new URL(action.replaceAll('&amp;', '&'), url);
    const form: Record<string, string> = isConsent
      ? { prompt: 'consent' }
      : { prompt: 'login', login: 'ada', password: 'any' };
    init = { method: 'POST', body: new URLSearchParams(form) };
  }
  throw new Error(`the sign-in did not end; it was last at ${url.href}`);
}
