import { readFileSync } from 'node:fs';

/** Whether the command line asks for help. */
export const isHelpAsked = (args: readonly string[] = process.argv.slice(2)): boolean =>
  args.some((argument) => argument === '--help' || argument === '-h');

/**
 * What the comment at the head of a script says: its help, so that nothing is written twice.
 *
 * @param path The script; the running one unless given.
 */
export function helpOf(path: string = process.argv[1] as string): string {
  const [, comment = ''] = /^\/\*\*\n([\s\S]*?)\n? \*\//.exec(readFileSync(path, 'utf8')) ?? [];
  return comment
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, ''))
    .join('\n')
    .replace(/`([^`]*)`/g, '$1');
}
