import { canonicalJson } from './canonical.ts';
import type { ToolDefinition } from './types.generated.ts';

/** A tool whose definition changed. */
export interface ChangedTool {
  readonly name: string;
  /** The parts that changed, e.g. `description`, `inputSchema`, `annotations`. */
  readonly parts: readonly string[];
  readonly before: ToolDefinition;
  readonly after: ToolDefinition;
}

export interface ToolDiff {
  readonly added: readonly ToolDefinition[];
  readonly removed: readonly ToolDefinition[];
  readonly changed: readonly ChangedTool[];
}

/**
 * Compares two lists of tools by name. The order of tools and of keys does not count; every part
 * of a definition does, also those that this version of MCP does not know.
 */
export function toolDiff(
  before: readonly ToolDefinition[],
  after: readonly ToolDefinition[],
): ToolDiff {
  const [old, now] = [byName(before), byName(after)];
  return {
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.filter(({ name }) => !now.has(name)),
    changed: [...now].flatMap(([name, tool]) => {
      const was = old.get(name);
      const parts = was ? changedParts(was, tool) : [];
      return was && parts.length > 0 ? [{ name, parts, before: was, after: tool }] : [];
    }),
  };
}

export function isEmptyToolDiff({ added, removed, changed }: ToolDiff): boolean {
  return added.length + removed.length + changed.length === 0;
}

function byName(tools: readonly ToolDefinition[]): ReadonlyMap<string, ToolDefinition> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

function changedParts(before: ToolDefinition, after: ToolDefinition): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const text = (value: unknown) => (value === undefined ? undefined : canonicalJson(value));
  return [...keys].filter((key) => text(before[key]) !== text(after[key])).sort();
}
