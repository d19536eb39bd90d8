import type { ErrorObject } from 'ajv';
import type { DataPath } from '../registry/finding.ts';
import { fieldOf } from '../registry/finding.ts';
import { show } from '../registry/show.ts';

interface Hint {
  readonly fact?: string;
  readonly remedy?: string;
}

/** Better words than the schema's own, for the mistakes that people make most. */
export function hintFor(error: ErrorObject, at: DataPath): Hint | undefined {
  const field = fieldOf(at);
  const { keyword, data } = error;
  if (keyword === 'additionalProperties') return at.length === 1 ? strangerHint(field) : undefined;
  if (keyword === 'oneOf' && at.length === 0) return kindHint(data);
  if (keyword === 'false schema') return unfitHint(at);
  if (keyword === 'const' && field === 'tools') {
    return {
      remedy: 'write static, or {dynamic: REASON} when the tools cannot be fixed at review',
    };
  }
  if (keyword !== 'pattern' || typeof data !== 'string') return undefined;
  if (field.startsWith('permissions.network.allow[')) {
    return {
      fact: `${show(data)} is not a host and a port`,
      remedy: 'write host:port without a scheme or a path, e.g. api.example.com:443',
    };
  }
  switch (field) {
    case 'container.image':
      return imageHint(data);
    case 'npm.version':
      return {
        fact: `${show(data)} is not an exact version`,
        remedy: 'pin one version, such as 1.2.3; npm run bump finds the newest',
      };
    case 'npm.integrity':
      return {
        fact: 'it is not a sha512 integrity',
        remedy: 'copy dist.integrity from npm view PACKAGE@VERSION dist.integrity',
      };
    case 'remote.url':
      return data.startsWith('http:')
        ? { fact: 'the endpoint is not https', remedy: 'give its https address' }
        : undefined;
    case 'source.commit':
      return {
        fact: `${show(data)} is not a full commit id`,
        remedy: 'give all 40 hexadecimal digits; branches and tags move',
      };
    case 'version':
      return {
        fact: `${show(data)} is not a semantic version`,
        remedy: 'write MAJOR.MINOR.PATCH, such as 1.2.0, without v and without a build part',
      };
    default:
      return undefined;
  }
}

function kindHint(data: unknown): Hint | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const present = ['container', 'npm', 'remote'].filter((kind) => Object.hasOwn(data, kind));
  return present.length === 0
    ? {
        fact: 'the entry says neither container nor npm nor remote',
        remedy: 'add exactly one of them: it says where the server comes from',
      }
    : {
        fact: `the entry has ${present.join(' and ')}`,
        remedy: 'keep exactly one of them; make a second entry for the other',
      };
}

/** Keys that only some kinds of entries may have, and `items` of what is no list. */
function unfitHint(at: DataPath): Hint {
  const name = String(at.at(-1));
  if (name === 'items') {
    return { fact: 'only a list has items', remedy: 'write type: array, or remove items' };
  }
  return {
    fact: `a remote entry has no ${name}`,
    remedy: `remove it: the publisher runs the server, so there is nothing here that ${name} could apply to`,
  };
}

function imageHint(image: string): Hint {
  if (/@sha256:/.test(image)) {
    return {
      fact: `${show(image)} is not a full image reference`,
      remedy:
        'write HOST/PATH@sha256: and 64 hexadecimal digits, e.g. docker.io/library/alpine@sha256:...',
    };
  }
  return {
    fact: `the image is a tag (${image})`,
    remedy: `pin a digest, e.g. crane digest ${image}, and write ${image}@sha256:...`,
  };
}

const ELSEWHERE: Readonly<Record<string, string>> = {
  image: 'write container: {image: ...}',
  command: 'write container: {command: [...]}',
  user: 'write container: {user: ...}',
  package: 'write npm: {package: ...}',
  integrity: 'write npm: {integrity: ...}',
  url: 'write remote: {url: ...} for an endpoint, or links: for pages',
  headers: 'write remote: {headers: ...}',
  oauth: 'write remote: {oauth: ...}',
  transport: 'write remote: {transport: ...}',
  network: 'write permissions: {network: ...}',
  volumes: 'write permissions: {volumes: ...}',
  resources: 'write permissions: {resources: ...}',
  allowHosts: 'write permissions: {network: {allow: [...]}}',
  homepage: 'write links: {homepage: ...}',
  repository: 'write source: {repository: ...} and links: {source: ...}',
  author: 'write publisher: {name: ..., url: ...}',
  category: 'write categories: [...]',
  config: 'write parameters and secrets; npm run import converts entries of other catalogs',
  about: 'write title and description; npm run import converts entries of other catalogs',
  meta: 'write categories and tags; npm run import converts entries of other catalogs',
  run: 'write args, env and permissions; npm run import converts entries of other catalogs',
  type: 'remove it: container, npm or remote says what kind it is',
  longLived: 'write stateful: true when the server keeps state of a conversation',
  icon: 'put the icon into icon.svg beside the entry',
};

function strangerHint(name: string): Hint | undefined {
  return Object.hasOwn(ELSEWHERE, name) ? { remedy: ELSEWHERE[name] as string } : undefined;
}
