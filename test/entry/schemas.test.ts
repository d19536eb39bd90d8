import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';

const files = readdirSync('schemas').filter((name) => name.endsWith('.schema.json'));

describe.each(files)('%s', (file) => {
  const schema = JSON.parse(readFileSync(`schemas/${file}`, 'utf8'));

  it('is valid JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ allErrors: true });
    expect(ajv.validateSchema(schema) || ajv.errors).toBe(true);
  });

  it('describes every property, and its examples are valid', () => {
    const ajv = new Ajv2020({ strict: false });
    // @ts-expect-error: the default export of this CommonJS package is typed as a namespace.
    addFormats(ajv);
    ajv.addSchema(schema, 'whole');
    const visit = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, examples } = node as { properties?: object; examples?: unknown[] };
      for (const example of Array.isArray(examples) ? examples : []) {
        const validate = ajv.compile({ $ref: `whole#${path}` });
        expect(validate(example) || `${path}: ${ajv.errorsText(validate.errors)}`).toBe(true);
      }
      for (const [name, value] of Object.entries(properties ?? {})) {
        const place = `${path}/properties/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`;
        visit(value, place);
      }
      const { items, $defs, oneOf } = node as { items?: object; $defs?: object; oneOf?: object[] };
      if (items) visit(items, `${path}/items`);
      for (const [name, value] of Object.entries($defs ?? {}))
        visit(value, `${path}/$defs/${name}`);
      for (const [index, value] of (oneOf ?? []).entries()) visit(value, `${path}/oneOf/${index}`);
    };
    visit(schema, '');
  });
});
