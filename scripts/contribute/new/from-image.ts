import { messageOf, PortolanError } from '../../../core/errors.ts';
import { type Digest, isDigest } from '../../../core/oci/digest.ts';
import { openRepository } from '../../../core/oci/open.ts';
import type { Repository } from '../../../core/oci/repository.ts';
import {
  type Draft,
  type Drafted,
  descriptionFrom,
  licenseFrom,
  nameFrom,
  publisherFrom,
  repositoryUrl,
  titleFrom,
} from './draft.ts';

interface ImageReference {
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** Labels that images carry (image-spec, annotations.md), with their prefix taken off. */
type Labels = Readonly<Record<string, string>>;

/**
 * Drafts an entry for a container image. A tag is resolved to its digest by the image's registry;
 * a reference with a digest needs no registry, but then license and source must come from a person.
 */
export async function fromImage(
  text: string,
  open: (source: string) => Promise<Repository> = openRepository,
): Promise<Drafted> {
  const image = parseImage(text);
  const { digest, labels, fact } = await inspect(image, open);
  const name = nameFrom(image.repository);
  const license = await licenseFrom(labels.licenses);
  const source = repositoryUrl(labels.source);
  const homepage = labels.url?.startsWith('https://') ? labels.url : undefined;
  const documentation = labels.documentation?.startsWith('https://')
    ? labels.documentation
    : undefined;
  const tag = image.tag ? `:${image.tag}` : '';
  const description = descriptionFrom(labels.description);
  const publisher = publisherFrom(source);
  const draft: Draft = {
    name,
    version: '1.0.0',
    title: labels.title && labels.title.length <= 80 ? labels.title : titleFrom(name),
    ...(description ? { description } : {}),
    ...(license ? { license } : {}),
    ...(publisher ? { publisher } : {}),
    links: {
      ...(source ? { source } : {}),
      ...(homepage && homepage !== source ? { homepage } : {}),
      ...(documentation ? { documentation } : {}),
    },
    ...(source
      ? {
          source: {
            repository: source,
            ...(/^[0-9a-f]{40}$/.test(labels.revision ?? '')
              ? { commit: labels.revision as string }
              : {}),
          },
        }
      : {}),
    container: { image: `${image.host}/${image.repository}${tag}@${digest}` },
    permissions: { network: 'none' },
    tools: 'static',
  };
  return {
    draft,
    notes: [
      ...(fact ? [fact] : []),
      'permissions.network: none, until you name the hosts that the server calls',
    ],
  };
}

/** `[HOST/]NAME[:TAG][@DIGEST]`; without a host it is Docker Hub's. Throws `usage`. */
export function parseImage(text: string): ImageReference {
  const [named = '', digest] = text.split('@');
  const first = named.split('/')[0] ?? '';
  const hasHost = named.includes('/') && /[.:]|^localhost$/.test(first);
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? named.slice(first.length + 1) : named;
  const [, repository, tag] = /^([a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?$/.exec(path) ?? [];
  if (!repository || (digest !== undefined && !isDigest(digest))) {
    throw new PortolanError(
      'usage',
      'IMAGE_MALFORMED',
      `${JSON.stringify(text)} is not an image reference; write HOST/NAME:TAG or HOST/NAME@sha256:DIGEST`,
    );
  }
  const full =
    host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
  return { host, repository: full, tag, digest: digest as Digest | undefined };
}

async function inspect(
  { host, repository, tag, digest }: ImageReference,
  open: (source: string) => Promise<Repository>,
): Promise<{ digest: Digest; labels: Labels; fact?: string }> {
  try {
    const registry = await open(`oci://${host}/${repository}`);
    const found = digest ?? (await registry.resolveTag(tag ?? 'latest'))?.digest;
    if (!found) {
      throw new PortolanError(
        'unreachable',
        'NOT_FOUND',
        `${host}/${repository} has no tag ${tag ?? 'latest'}; name one that it has`,
      );
    }
    return { digest: found, labels: await labelsOf(registry, found) };
  } catch (error) {
    if (!digest) throw error;
    return {
      digest,
      labels: {},
      fact: `container.image: its registry could not be asked (${messageOf(error)}), so nothing else is known of it`,
    };
  }
}

async function labelsOf(registry: Repository, digest: Digest): Promise<Labels> {
  const { manifest } = await registry.readManifest(digest);
  const bytes = await registry.readBlob(manifest.config);
  const { config } = JSON.parse(new TextDecoder().decode(bytes)) as {
    config?: { Labels?: Record<string, string> };
  };
  const all = { ...config?.Labels, ...manifest.annotations };
  const prefix = 'org.opencontainers.image.';
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key, value]) => key.startsWith(prefix) && typeof value === 'string')
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}
