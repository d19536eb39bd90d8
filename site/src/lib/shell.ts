import { createHash } from 'node:crypto';

/** Sets the chosen theme before the first paint; inline, so it is allowed by its hash. */
export const THEME_SCRIPT =
  'try{var t=localStorage.theme;if(t)document.documentElement.dataset.theme=t}catch{}';

const hash = createHash('sha256').update(THEME_SCRIPT).digest('base64');

/**
 * Nothing runs that does not come from this site's own files, and nothing leaves for another host.
 * Pagefind needs wasm-unsafe-eval, which allows WebAssembly and not eval.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
].join(';');
