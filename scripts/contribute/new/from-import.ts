import type { CatalogConfig } from '../../../core/entry/types.generated.ts';
import type { Drafted } from './draft.ts';
export async function draftServerJson(
  _text: string,
  _where: string,
  _config: CatalogConfig,
): Promise<Drafted> {
  throw new Error('later');
}
export async function fromServerJson(_file: string, _config: CatalogConfig): Promise<Drafted> {
  throw new Error('later');
}
export async function fromDocker(_folder: string, _config: CatalogConfig): Promise<Drafted> {
  throw new Error('later');
}
