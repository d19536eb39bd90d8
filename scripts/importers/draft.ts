import type {
  CapturedTools,
  Parameter,
  Secret,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import type { Unmapped } from './facts.ts';

/** What an importer made of one input: perhaps valid, perhaps with things a human must add. */
export interface Imported {
  readonly name: string;
  readonly entry: Partial<ServerEntry>;
  readonly tools?: CapturedTools;
  readonly readme?: string;
  readonly unmapped: readonly Unmapped[];
}

/** Settings of an entry while they are collected. */
export interface Settings {
  readonly parameters: Record<string, Parameter>;
  readonly required: string[];
  readonly secrets: Secret[];
  readonly env: Record<string, string>;
}

export function newSettings(): Settings {
  return { parameters: {}, required: [], secrets: [], env: {} };
}

/** The collected settings as fields of an entry; what is empty is left out. */
export function settingFields({
  parameters,
  required,
  secrets,
  env,
}: Settings): Partial<ServerEntry> {
  return {
    ...(Object.keys(parameters).length > 0 && {
      parameters: {
        properties: parameters,
        ...(required.length > 0 && { required: [...new Set(required)] }),
      },
    }),
    ...(secrets.length > 0 && { secrets }),
    ...(Object.keys(env).length > 0 && { env }),
  };
}
