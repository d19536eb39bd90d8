import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as library from '@kubernetes/client-node';

type Attribute = { readonly baseName: string; readonly type: string };
type Model = { getAttributeTypeMap(): readonly Attribute[] };

/** Kind of an object and the model that the official client has of it. */
const KINDS: Readonly<Record<string, string>> = {
  Deployment: 'V1Deployment',
  Ingress: 'V1Ingress',
  Namespace: 'V1Namespace',
  NetworkPolicy: 'V1NetworkPolicy',
  PersistentVolumeClaim: 'V1PersistentVolumeClaim',
  Pod: 'V1Pod',
  PodDisruptionBudget: 'V1PodDisruptionBudget',
  Role: 'V1Role',
  RoleBinding: 'V1RoleBinding',
  Secret: 'V1Secret',
  Service: 'V1Service',
  ServiceAccount: 'V1ServiceAccount',
};

const models = join(
  dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))),
  'gen/models',
);
const required = new Map<string, readonly string[]>();

/**
 * What an object has that Kubernetes' own API does not know, or knows as another type, and what it
 * lacks although the API requires it: the client's models are generated from the OpenAPI document of
 * the API. Each fault starts with its field.
 */
export function schemaFaults(object: { kind?: string }): string[] {
  const model = KINDS[object.kind ?? ''];
  if (!model) return [`kind: ${object.kind} is none that is known here`];
  return faultsIn(object, model, object.kind ?? '');
}

function faultsIn(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list) {
    if (!Array.isArray(value)) return [`${path}: is no list`];
    return value.flatMap((item, index) => faultsIn(item, list, `${path}[${index}]`));
  }
  const member = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (member) {
    if (!isRecord(value)) return [`${path}: is no object`];
    return Object.entries(value).flatMap(([key, item]) => faultsIn(item, member, `${path}.${key}`));
  }
  switch (type) {
    case 'any':
    case 'object':
      return [];
    case 'IntOrString':
      return ['string', 'number'].includes(typeof value) ? [] : [`${path}: no number or text`];
    case 'Date':
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === (type === 'Date' ? 'string' : type) ? [] : [`${path}: is no ${type}`];
  }
  const model = (library as unknown as Record<string, Model | undefined>)[type];
  if (!model) return [`${path}: the type ${type} is not known`];
  if (!isRecord(value)) return [`${path}: is no object`];
  const attributes = new Map(model.getAttributeTypeMap().map((one) => [one.baseName, one.type]));
  const missing = requiredOf(type).filter((key) => value[key] === undefined);
  return [
    ...missing.map((key) => `${path}.${key}: is missing`),
    ...Object.entries(value).flatMap(([key, item]) => {
      const known = attributes.get(key);
      if (item === undefined) return [];
      return known === undefined
        ? [`${path}.${key}: is no field of ${type}`]
        : faultsIn(item, known, `${path}.${key}`);
    }),
  ];
}

/** The fields that the OpenAPI document requires: those that the generated type has without `?`. */
function requiredOf(type: string): readonly string[] {
  let keys = required.get(type);
  if (!keys) {
    const text = readFileSync(join(models, `${type}.d.ts`), 'utf8');
    keys = [...text.matchAll(/^ {4}'([^']+)': /gm)].map(([, key = '']) => key);
    required.set(type, keys);
  }
  return keys;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
