import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readLines, writeLines } from './lines.ts';
import type { ListItem } from './model.ts';
import type { Signature } from './signature.ts';

/** The list of servers, in the working folder of a build. */
const FILE = 'list.jsonl';

/**
 * Writes the list of servers for the threads, a server in each line, and returns its digest. Of
 * 50,000 servers it has 75 MB, so it is never in memory as a whole.
 */
export async function writeList(work: string, list: AsyncIterable<ListItem>): Promise<string> {
  const hash = createHash('sha256');
  const lines = async function* () {
    for await (const item of list) {
      const line = JSON.stringify(item);
      hash.update(line).update('\n');
      yield line;
    }
  };
  await writeLines(join(work, FILE), lines());
  return hash.digest('hex');
}

/** Reads what writeList wrote. */
export async function readList(work: string): Promise<ListItem[]> {
  const list: ListItem[] = [];
  // Publishers, tags, signers and names of tools occur again and again: each is kept once.
  const texts = new Map<string, string>();
  const kept = (text: string) => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  const signatures = new Map<string, Signature>();
  for await (const line of readLines(join(work, FILE))) {
    const item = JSON.parse(line) as ListItem;
    const signer = JSON.stringify(item.signature);
    const signature = signatures.get(signer) ?? item.signature;
    signatures.set(signer, signature);
    list.push({
      ...item,
      publisher: kept(item.publisher),
      license: kept(item.license),
      categories: item.categories.map(kept),
      tags: item.tags.map(kept),
      toolNames: item.toolNames.map(kept),
      signature,
    });
  }
  return list;
}
