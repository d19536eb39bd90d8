// A client for proxy.test.ts: HOST REPOSITORY [CA]; prints the tags.
import { openRegistry } from '../../../core/oci/registry.ts';

const [, , host = '', repository = '', ca] = process.argv;
const opened = openRegistry(
  { kind: 'registry', host, repository },
  { credentials: async () => undefined, ...(ca ? { ca } : {}) },
);
console.log(JSON.stringify(await opened.tags()));
