/**
 * Makes a function that replaces secret values in text by `[name]`-less stars, in the plain form
 * and in the forms that a log often shows them in: JSON-escaped, URL-encoded and base64.
 * Values shorter than 4 characters are left: replacing them would only shred the text.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      ...secret.split(/\r?\n/).filter((line) => line.length >= 8),
    ]) {
      forms.add(form);
    }
  }
  // Longest first: a secret that contains another one must vanish as a whole.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((result, form) => result.replaceAll(form, '[redacted]'), text);
}
