import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { hasErrno, PortolanError } from '../../core/errors.ts';

/** The folder of Docker's MCP Toolkit, and what is in it. */
export interface DockerFolder {
  readonly path: string;
  readonly files: readonly string[];
}

/**
 * Finds the folder: below `from` (a Docker configuration folder, or the toolkit's own), else below
 * DOCKER_CONFIG, else below `~/.docker`. The toolkit itself does not follow DOCKER_CONFIG, so the
 * folder in the home is looked at as well. Throws `usage` / `DOCKER_NOT_FOUND`.
 */
export async function findDockerFolder(
  from: string | undefined,
  env: NodeJS.ProcessEnv,
  home: string,
): Promise<DockerFolder> {
  const places =
    from === undefined
      ? [...(env.DOCKER_CONFIG ? [env.DOCKER_CONFIG] : []), join(home, '.docker')]
      : [from];
  for (const place of places) {
    for (const path of [join(resolve(place), 'mcp'), resolve(place)]) {
      const files = await filesIn(path);
      if (basename(path) === 'mcp' ? files.length > 0 : files.some(isToolkitFile)) {
        return { path, files };
      }
    }
  }
  throw new PortolanError(
    'usage',
    'DOCKER_NOT_FOUND',
    `Docker's MCP Toolkit has left nothing in ${places.join(' or ')}; name its configuration folder with --from FOLDER, or a file of \`docker mcp profile export\` with --export FILE`,
  );
}

const TOOLKIT_FILES = ['mcp-toolkit.db', 'registry.yaml', 'catalog.json'];

function isToolkitFile(name: string): boolean {
  return TOOLKIT_FILES.includes(name);
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return [];
    throw new PortolanError(
      'unreachable',
      'DOCKER_UNREADABLE',
      `${folder} cannot be read (${(error as Error).message}); mend its permissions, or copy it and name the copy with --from`,
      { cause: error },
    );
  }
}
