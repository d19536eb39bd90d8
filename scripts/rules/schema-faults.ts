import type { ErrorObject, ValidateFunction } from 'ajv';
import type { DataPath } from '../registry/finding.ts';
import { show } from '../registry/show.ts';
import type { SourceFile } from '../registry/source-file.ts';
import type { Complaint } from './rule.ts';
import { describeError, withoutNoise } from './schema-messages.ts';

/**
 * What is wrong with data by a schema, one complaint for each fault that its author made. Empty
 * when the data has the shape of the schema.
 */
export function schemaFaults(
  validate: ValidateFunction,
  data: unknown,
  source: SourceFile,
): readonly Complaint[] {
  if (validate(data)) return [];
  const complaints: Complaint[] = [];
  const seen = new Set<string>();
  for (const error of withoutNoise(validate.errors ?? [])) {
    const at = pathOf(error, data);
    const { key, fact, remedy } = describeError(error, at, () => writtenAs(source, at, error.data));
    const identity = JSON.stringify([at, fact]);
    if (seen.has(identity)) continue;
    seen.add(identity);
    complaints.push({ in: source, at, ...(key && { key }), fact, remedy });
  }
  return complaints;
}

/** The data path of an error; of a key that is missing or too many, the path that it would have. */
function pathOf(error: ErrorObject, data: unknown): DataPath {
  const path = fromPointer(error.instancePath, data);
  const { missingProperty, additionalProperty } = error.params as Record<string, unknown>;
  const member =
    error.keyword === 'required'
      ? missingProperty
      : error.keyword === 'additionalProperties'
        ? additionalProperty
        : error.propertyName;
  return typeof member === 'string' ? [...path, member] : path;
}

function fromPointer(pointer: string, data: unknown): (string | number)[] {
  let value = data;
  return pointer
    .split('/')
    .slice(1)
    .map((step) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const isList = Array.isArray(value);
      value = (value as Record<string, unknown> | undefined)?.[key];
      return isList ? Number(key) : key;
    });
}

/** A scalar as its author wrote it: YAML reads 1.10 as the number 1.1. */
function writtenAs(source: SourceFile, at: DataPath, value: unknown): string {
  const written = source.sourceAt(at);
  return written && written.length <= 60 && typeof value !== 'object' ? written : show(value);
}
