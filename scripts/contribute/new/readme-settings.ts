import type { Drafted } from './draft.ts';

const MAX_BLOCKS = 40;

/**
 * What the client configurations in a server's readme set: variables become secrets (when their
 * name says so) or parameters. A guess from an example, so each one gets a note.
 */
export function settingsFromReadme(readme: string): Drafted {
  const names = new Set<string>();
  for (const block of jsonBlocks(readme)) {
    for (const server of serversIn(block)) {
      for (const name of Object.keys(isRecord(server.env) ? server.env : {})) {
        if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= 64) names.add(name);
      }
    }
  }
  if (names.size === 0) return { draft: {}, notes: [] };
  const secrets = [...names].filter((name) => /KEY|TOKEN|SECRET|PASSWORD|PASS$/i.test(name));
  const others = [...names].filter((name) => !secrets.includes(name));
  return {
    draft: {
      ...(secrets.length
        ? {
            secrets: secrets.map((name) => ({
              name: keyOf(name),
              description: `The server's variable ${name}.`,
            })),
          }
        : {}),
      ...(others.length
        ? {
            parameters: {
              properties: Object.fromEntries(
                others.map((name) => [
                  keyOf(name),
                  { type: 'string' as const, description: `The server's variable ${name}.` },
                ]),
              ),
            },
          }
        : {}),
      env: Object.fromEntries([...names].map((name) => [name, `{${keyOf(name)}}`])),
    },
    notes: [
      `env: ${[...names].join(', ')} stand in examples of the readme; check which are needed, describe them, and remove the others`,
    ],
  };
}

function keyOf(name: string): string {
  return name.toLowerCase().replace(/^_+/, '') || 'value';
}

function jsonBlocks(readme: string): unknown[] {
  const blocks = [...readme.matchAll(/```(?:json[c5]?)?\s*\n([\s\S]{2,10000}?)```/g)];
  return blocks.slice(0, MAX_BLOCKS).flatMap(([, text]) => {
    try {
      return [JSON.parse(text ?? '') as unknown];
    } catch {
      return [];
    }
  });
}

/** The servers of a client configuration that start a package: `{mcpServers: {x: {command, env}}}`. */
function serversIn(block: unknown): Record<string, unknown>[] {
  if (!isRecord(block)) return [];
  const groups = [block.mcpServers, block.servers, isRecord(block.mcp) && block.mcp.servers];
  return groups
    .filter(isRecord)
    .flatMap((group) => Object.values(group))
    .filter(isRecord)
    .filter((server) => server.command === 'npx' || server.command === 'bunx');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
