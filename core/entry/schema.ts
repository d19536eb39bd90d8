import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import catalogSchema from '../../schemas/catalog.schema.json' with { type: 'json' };
import configSchema from '../../schemas/catalog-config.schema.json' with { type: 'json' };
import policySchema from '../../schemas/policy.schema.json' with { type: 'json' };
import profileSchema from '../../schemas/profile.schema.json' with { type: 'json' };
import lockSchema from '../../schemas/profile-lock.schema.json' with { type: 'json' };
import serverSchema from '../../schemas/server.schema.json' with { type: 'json' };
import toolsSchema from '../../schemas/tools.schema.json' with { type: 'json' };
import type {
  CapturedTools,
  CatalogConfig,
  Policy,
  Profile,
  ProfileLock,
  PublishedCatalog,
  ServerEntry,
} from './types.generated.ts';

interface Shapes {
  server: ServerEntry;
  tools: CapturedTools;
  catalog: PublishedCatalog;
  'catalog-config': CatalogConfig;
  policy: Policy;
  profile: Profile;
  'profile-lock': ProfileLock;
}

export const schemas: Readonly<Record<keyof Shapes, object>> = {
  server: serverSchema,
  tools: toolsSchema,
  catalog: catalogSchema,
  'catalog-config': configSchema,
  policy: policySchema,
  profile: profileSchema,
  'profile-lock': lockSchema,
};

const compiled = new Map<keyof Shapes, ValidateFunction>();
let ajv: Ajv2020 | undefined;

/** The Ajv validator of one of the schemas in schemas/, compiled on first use. */
export function validatorOf<Name extends keyof Shapes>(name: Name): ValidateFunction<Shapes[Name]> {
  let validate = compiled.get(name);
  if (!validate) {
    ajv ??= createAjv();
    validate = ajv.compile(schemas[name]);
    compiled.set(name, validate);
  }
  return validate as ValidateFunction<Shapes[Name]>;
}

/** Ajv as Portolan uses it. */
export function createAjv(options: Options = {}): Ajv2020 {
  // strictTypes and strictRequired object to `properties: { npm: false }` under oneOf, which is how
  // "exactly one of" is said; everything else of strict mode stays on.
  const instance = new Ajv2020({
    allErrors: true,
    // The tests hold the schemas to their meta-schema; compiling that costs more than all the rest.
    validateSchema: false,
    meta: false,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allowUnionTypes: true,
    ...options,
  });
  // @ts-expect-error: ajv-formats is CommonJS; under nodenext its default export is typed as a namespace.
  addFormats(instance, ['uri', 'regex', 'date-time']);
  return instance;
}

export type { ErrorObject };
