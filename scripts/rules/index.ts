import { categories } from './categories.ts';
import { tombstone, versionBump, versionLevel } from './changes.ts';
import { folderName } from './folder-name.ts';
import { icon } from './icon.ts';
import { license } from './license.ts';
import { mixedScripts } from './mixed-scripts.ts';
import { network } from './network.ts';
import { npmLock } from './npm-lock.ts';
import { plainText } from './plain-text.ts';
import { publicUrls } from './public-urls.ts';
import type { Rule } from './rule.ts';
import { configSchema, schema } from './schema.ts';
import { secretValues } from './secret-values.ts';
import { parameterValues, settingNames, unusedSettings } from './settings.ts';
import { replacement } from './status.ts';
import { templateReferences } from './template-references.ts';
import { hiddenOrders, hiddenText } from './text-hygiene.ts';
import { tools } from './tools.ts';
import { uniqueTitles } from './unique-titles.ts';
import { volumes } from './volumes.ts';

/** Every rule of the registry. docs/rules.md explains each to contributors. */
export const rules: readonly Rule[] = [
  configSchema,
  schema,
  folderName,
  categories,
  license,
  plainText,
  mixedScripts,
  publicUrls,
  templateReferences,
  settingNames,
  unusedSettings,
  parameterValues,
  network,
  volumes,
  npmLock,
  tools,
  icon,
  hiddenText,
  hiddenOrders,
  secretValues,
  uniqueTitles,
  replacement,
  tombstone,
  versionBump,
  versionLevel,
];
