import type { Rule } from './rule.ts';
import { configSchema, schema } from './schema.ts';

/** Every rule of the registry, in the order in which they run. */
export const rules: readonly Rule[] = [configSchema, schema];
