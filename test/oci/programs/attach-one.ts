// A writer for referrers.test.ts: HOST REPOSITORY SUBJECT TEXT; begins when its stdin says so.
import { once } from 'node:events';
import { openRegistry } from '../../../core/oci/registry.ts';
import type { Descriptor } from '../../../core/oci/repository.ts';
import { attachText } from '../../support/artifacts.ts';

const [, , host = '', name = '', subject = '', text = ''] = process.argv;
const repository = openRegistry(
  { kind: 'registry', host, repository: name },
  { credentials: async () => undefined },
);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await attachText(repository, JSON.parse(subject) as Descriptor, text);
