import { validatorOf } from '../../core/entry/schema.ts';
import type { EntryRule, RegistryRule } from './rule.ts';
import { schemaFaults } from './schema-faults.ts';

/** server.yaml and tools.json have the shape of their schemas. */
export const schema: EntryRule = {
  name: 'schema',
  scope: 'entry',
  needs: 'files',
  *check({ server }) {
    const { source, data, entry, tools } = server;
    if (source && data !== undefined && !entry)
      yield* schemaFaults(validatorOf('server'), data, source);
    if (tools && !tools.captured) {
      yield* schemaFaults(validatorOf('tools'), tools.data, tools.source);
    }
  },
};

/** catalog.yaml has the shape of its schema. */
export const configSchema: RegistryRule = {
  name: 'config-schema',
  scope: 'registry',
  *check({ catalog }) {
    const { config, source, data } = catalog;
    if (source && !config) yield* schemaFaults(validatorOf('catalog-config'), data, source);
  },
};
