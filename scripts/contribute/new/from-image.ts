import { messageOf } from '../../../core/errors.ts';
import type { RegistryOptions } from '../../../core/oci/client.ts';
import {
  type ImageFacts,
  type ImageReference,
  inspectImage,
  parseImage,
  pinned,
} from '../image.ts';
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

/**
 * Drafts an entry for a container image. A tag is resolved to its digest by the image's registry;
 * a reference with a digest needs no registry, but then license and source must come from a person.
 */
export async function fromImage(text: string, options: RegistryOptions = {}): Promise<Drafted> {
  const image = parseImage(text);
  const { digest, labels, fact } = await inspect(image, options);
  const name = nameFrom(image.repository);
  const license = await licenseFrom(labels.licenses);
  const description = descriptionFrom(labels.description);
  const repository = repositoryUrl(labels.source);
  const publisher = publisherFrom(repository);
  const homepage = httpsOnly(labels.url);
  const documentation = httpsOnly(labels.documentation);
  const commit = /^[0-9a-f]{40}$/.test(labels.revision ?? '') ? labels.revision : undefined;
  const draft: Draft = {
    name,
    version: '1.0.0',
    title: labels.title && labels.title.length <= 80 ? labels.title : titleFrom(name),
    ...(description ? { description } : {}),
    ...(license ? { license } : {}),
    ...(publisher ? { publisher } : {}),
    links: {
      ...(repository ? { source: repository } : {}),
      ...(homepage && homepage !== repository ? { homepage } : {}),
      ...(documentation ? { documentation } : {}),
    },
    ...(repository ? { source: { repository, ...(commit ? { commit } : {}) } } : {}),
    container: { image: pinned(image, digest) },
    permissions: { network: 'none' },
    tools: 'static',
  };
  const notes = ['permissions.network: none, until you name the hosts that the server calls'];
  return { draft, notes: fact ? [fact, ...notes] : notes };
}

async function inspect(
  image: ImageReference,
  options: RegistryOptions,
): Promise<ImageFacts & { readonly fact?: string }> {
  try {
    return await inspectImage(image, options);
  } catch (error) {
    const { digest } = image;
    if (!digest) throw error;
    const fact = `container.image: its registry could not be asked (${messageOf(error)}), so nothing else is known of it`;
    return { digest, labels: {}, fact };
  }
}

function httpsOnly(url: string | undefined): string | undefined {
  return url?.startsWith('https://') ? url : undefined;
}
