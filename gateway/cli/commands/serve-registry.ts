import { type Command, InvalidArgumentError } from 'commander';
import { withHelp } from '../help.ts';
import type { TrustOptions } from '../trust-options.ts';

/** Options of `portolan serve-registry` as commander gives them. */
export interface ServeRegistryCommandOptions extends TrustOptions {
  readonly catalog: string;
  readonly host: string;
  readonly port: number;
  /** Seconds. */
  readonly refresh: number;
}

/** `portolan serve-registry`: the MCP Registry API over a verified catalog. */
export function registerServeRegistry(program: Command): void {
  withHelp(program.command('serve-registry'), {
    examples: [
      [
        'Serve a catalog to VS Code (setting chat.mcp.gallery.serviceUrl: http://127.0.0.1:8812)',
        'portolan serve-registry --catalog oci://ghcr.io/example/catalog --key catalog.pub',
      ],
      [
        'Serve a mirror to a network (put TLS in front of it)',
        'portolan serve-registry --catalog oci-layout:/srv/catalog --key catalog.pub --host 0.0.0.0',
      ],
    ],
  })
    .summary('serve a catalog to clients that read the MCP Registry API')
    .description(
      'Serves the MCP Registry API v0.1 over a verified catalog, with search, pages and caching, for VS Code, GitHub Copilot, ToolHive and others that read it. Every server is verified before it is told of.',
    )
    .requiredOption(
      '--catalog <source>',
      'where the catalog is: oci-layout:PATH or oci://HOST/REPOSITORY',
    )
    .option('--key <file>', 'public key that the catalog is signed with (repeatable)', collect)
    .option('--identity <subject>', 'identity that signs the catalog, instead of a key')
    .option('--issuer <url>', 'who vouches for that identity')
    .option('--trusted-root <file>', "Sigstore's trusted root, instead of the one that ships")
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', wholeNumber(65535), 8812)
    .option(
      '--refresh <seconds>',
      'how often to look for a newer catalog; 0: never',
      wholeNumber(86_400),
      300,
    )
    .action(async (options: ServeRegistryCommandOptions) => {
      const { runServeRegistry } = await import('../../serve-registry/run.ts');
      await runServeRegistry(options);
    });
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function wholeNumber(max: number) {
  return (value: string): number => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= 0 && number <= max) return number;
    throw new InvalidArgumentError(`It is a whole number from 0 to ${max}.`);
  };
}
