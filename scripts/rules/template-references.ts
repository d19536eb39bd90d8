import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { suggest } from '../registry/suggest.ts';
import { type Complaint, entryRule } from './rule.ts';
import { conditionsOf, type EntryTemplate, templatesOf } from './templates-of.ts';

/** Templates parse and refer to what the entry declares, and secrets only go where they are safe. */
export const templateReferences = entryRule('template-references', function* ({ server }) {
  const { entry, source } = server;
  const parameters = new Set(Object.keys(entry.parameters?.properties ?? {}));
  const secrets = new Set((entry.secrets ?? []).map(({ name }) => name));
  for (const template of templatesOf(entry)) {
    if (template.error) {
      const [fact = '', remedy = ''] = template.error.split('; ');
      yield { in: source, at: template.at, fact, remedy };
    }
    for (const name of new Set(template.references)) {
      const fault = secrets.has(name)
        ? misplacedSecret(template, name)
        : parameters.has(name)
          ? unusableParameter(entry, template, name)
          : dangling(name, template, [...parameters, ...secrets]);
      if (fault) yield { in: source, at: template.at, literal: `{${name}}`, ...fault };
    }
  }
  for (const { at, name } of conditionsOf(entry)) {
    if (parameters.has(name)) continue;
    const near = suggest(name, parameters);
    yield {
      in: source,
      at,
      fact: secrets.has(name)
        ? `${name} is a secret`
        : `there is no parameter "${name}" in this entry`,
      remedy: near ? `did you mean ${near}?` : 'name a parameter of the entry',
    };
  }
});

type Fault = Pick<Complaint, 'fact' | 'remedy'>;

function dangling(name: string, { place }: EntryTemplate, known: readonly string[]): Fault {
  const near = suggest(name, known);
  const declare = place === 'env' || place === 'header' ? 'parameters or secrets' : 'parameters';
  return {
    fact: `{${name}} refers to nothing in this entry`,
    remedy: near
      ? `did you mean {${near}}?`
      : `declare ${name} under ${declare}, or write {{${name}}} for literal braces`,
  };
}

/**
 * Arguments are visible to every process of a machine, URLs end up in logs of proxies and servers,
 * and a host name or a path made from a secret would send it to DNS or to the disk.
 */
function misplacedSecret({ place }: EntryTemplate, name: string): Fault | undefined {
  if (place === 'env' || place === 'header') return undefined;
  const where = {
    args: 'arguments, which every process of the machine can read',
    url: 'a URL, which ends up in logs',
    network: 'permissions.network, which ends up in name servers and logs',
    volume: 'a path, which ends up in logs',
  }[place];
  return {
    fact: `the secret ${name} would stand in ${where}`,
    remedy:
      place === 'url'
        ? 'send it in remote.headers'
        : 'pass it through env; most servers read a variable too',
  };
}

function unusableParameter(
  entry: ServerEntry,
  { place }: EntryTemplate,
  name: string,
): Fault | undefined {
  const parameter = entry.parameters?.properties[name];
  if (place === 'volume') {
    const format = parameter?.format ?? parameter?.items?.format;
    return format === 'path'
      ? undefined
      : {
          fact: `the parameter ${name} is not declared as a path`,
          remedy: `write format: path at parameters.properties.${name}${parameter?.type === 'array' ? '.items' : ''}, so that forms ask for a folder`,
        };
  }
  if (place === 'network' && parameter?.type === 'array') {
    return {
      fact: `the parameter ${name} is a list`,
      remedy: 'a host or a port is a single value; use a parameter of type string or integer',
    };
  }
  return undefined;
}
