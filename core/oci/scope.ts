const MAX_SCOPE = 4096;

/** The scope of a repository in the distribution spec's token authentication. */
export function repositoryScope(repository: string, actions: 'pull' | 'pull,push'): string {
  return `repository:${repository}:${actions}`;
}

/**
 * Unites the scopes that a challenge names (separated by spaces) with those that are wanted, action
 * by action. What cannot be read as TYPE:NAME:ACTIONS is left out.
 */
export function mergeScopes(challenged: string, wanted: readonly string[]): readonly string[] {
  const all = new Map<string, Set<string>>();
  const fromRegistry = challenged.length > MAX_SCOPE ? [] : challenged.split(' ');
  for (const scope of [...fromRegistry, ...wanted]) {
    const end = scope.lastIndexOf(':');
    // A name may hold a colon (a port), so type and name are kept together.
    const resource = scope.slice(0, Math.max(0, end));
    if (!/^[^:]+:.+$/.test(resource)) continue;
    const actions = all.get(resource) ?? new Set();
    for (const action of scope.slice(end + 1).split(',')) if (action) actions.add(action);
    all.set(resource, actions);
  }
  return [...all].map(([resource, actions]) => `${resource}:${[...actions].sort().join(',')}`);
}
