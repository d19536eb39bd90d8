import { parameterFault } from '../../core/entry/resolve.ts';
import { show } from '../registry/show.ts';
import { suggest } from '../registry/suggest.ts';
import { entryRule } from './rule.ts';
import { conditionsOf, templatesOf } from './templates-of.ts';

/** Names of parameters and secrets are unique, since templates refer to both in the same way. */
export const settingNames = entryRule('setting-names', function* ({ server }) {
  const { entry, source } = server;
  const parameters = Object.keys(entry.parameters?.properties ?? {});
  const taken = new Set(parameters);
  for (const [index, { name }] of (entry.secrets ?? []).entries()) {
    if (taken.has(name)) {
      yield {
        in: source,
        at: ['secrets', index, 'name'],
        fact: parameters.includes(name)
          ? `${name} is also the name of a parameter`
          : `${name} is the name of two secrets`,
        remedy: 'give it another name; templates refer to both in the same way',
      };
    }
    taken.add(name);
  }
  for (const [index, name] of (entry.parameters?.required ?? []).entries()) {
    if (parameters.includes(name)) continue;
    const near = suggest(name, parameters);
    yield {
      in: source,
      at: ['parameters', 'required', index],
      fact: `there is no parameter "${name}"`,
      remedy: near
        ? `did you mean ${near}?`
        : 'declare it under parameters.properties, or remove it',
    };
  }
});

/** A setting that nothing uses would be asked of the user for nothing. */
export const unusedSettings = entryRule('unused-settings', function* ({ server }) {
  const { entry, source } = server;
  const used = new Set([
    ...templatesOf(entry).flatMap(({ references }) => references),
    ...conditionsOf(entry).map(({ name }) => name),
  ]);
  // A template that cannot be parsed has a finding of its own; what it uses is unknown.
  if (templatesOf(entry).some(({ error }) => error)) return;
  const places = entry.remote ? 'remote.url or remote.headers' : 'args, env or permissions';
  for (const name of Object.keys(entry.parameters?.properties ?? {})) {
    if (used.has(name)) continue;
    yield {
      in: source,
      at: ['parameters', 'properties', name],
      fact: `the parameter ${name} is used nowhere`,
      remedy: `write {${name}} in ${places}, or remove it`,
    };
  }
  for (const [index, { name }] of (entry.secrets ?? []).entries()) {
    if (used.has(name)) continue;
    yield {
      in: source,
      at: ['secrets', index, 'name'],
      fact: `the secret ${name} is used nowhere`,
      remedy: `write {${name}} in ${entry.remote ? 'remote.headers' : 'env'}, or remove it`,
    };
  }
});

/** Defaults and examples are values that the parameter itself would accept. */
export const parameterValues = entryRule('parameter-values', function* ({ server }) {
  const { entry, source } = server;
  for (const [name, parameter] of Object.entries(entry.parameters?.properties ?? {})) {
    const at = ['parameters', 'properties', name];
    const values = [
      ...(parameter.default === undefined
        ? []
        : [{ at: [...at, 'default'], what: 'the default', value: parameter.default }]),
      ...(parameter.examples ?? []).map((value, index) => ({
        at: [...at, 'examples', index],
        what: 'the example',
        value: value as string | number | boolean | string[],
      })),
    ];
    for (const { at, what, value } of values) {
      const fault = parameterFault(parameter, value);
      if (!fault) continue;
      const quotes = parameter.type === 'string' && typeof value !== 'object';
      const written = source.sourceAt(at) ?? show(value);
      yield {
        in: source,
        at,
        fact: `${what} is ${quotes ? written : show(value)}, but the value ${fault}`,
        remedy:
          quotes && typeof value !== 'string'
            ? `put it in quotes: "${written}"`
            : 'correct one of them',
      };
    }
  }
});
