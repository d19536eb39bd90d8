// The entry point of the bundle for Claude Desktop: its settings come as environment variables, and
// those that were left empty come as their placeholders in some versions.
for (const name of ['PORTOLAN_PROFILE', 'PORTOLAN_PASSPHRASE', 'PORTOLAN_BUNDLE_DISCOVER']) {
  const value = process.env[name];
  if (!value || value.startsWith('${')) delete process.env[name];
}
const discover = process.env.PORTOLAN_BUNDLE_DISCOVER !== 'false';
process.argv.splice(2, Number.POSITIVE_INFINITY, 'run', ...(discover ? ['--discover'] : []));
await import('./dist/portolan.mjs');
