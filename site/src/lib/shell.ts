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
  "default-src 'none'",
  `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');
