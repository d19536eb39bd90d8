import standaloneCode from 'ajv/dist/standalone/index.js';
import type { Plugin } from 'rolldown';
import { createAjv, schemas } from '../../core/entry/schema.ts';

/**
 * Puts validators into the bundle that Ajv made ahead of time, instead of Ajv and the schemas:
 * compiling them took longer than everything else that a start of the gateway does.
 */
export function precompiledSchemas(): Plugin {
  return {
    name: 'precompiled-schemas',
    load(id) {
      return id.endsWith('/core/entry/schema.ts') ? { code: validators(), moduleType: 'js' } : null;
    },
  };
}

function validators(): string {
  const ajv = createAjv({ code: { source: true, esm: true } });
  const names = Object.keys(schemas);
  const exports: Record<string, string> = {};
  names.forEach((name, index) => {
    ajv.addSchema(schemas[name as keyof typeof schemas], name);
    exports[`precompiled${index}`] = name;
  });
  // @ts-expect-error: the default export of this CommonJS module is typed as a namespace.
  const code: string = standaloneCode(ajv, exports);
  const table = names
    .map((name, index) => `${JSON.stringify(name)}: precompiled${index}`)
    .join(', ');
  return `${code}\nconst table = { ${table} };\nexport const validatorOf = (name) => table[name];\n`;
}
