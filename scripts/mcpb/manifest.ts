import type { v0_3 } from '@anthropic-ai/mcpb';

/** What package.json says that the manifest says too. */
interface Package {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly homepage: string;
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
  readonly repository: { readonly url: string };
}

export const ENTRY_POINT = 'server.mjs';

/** The manifest of the bundle, in the format that Claude Desktop reads (MCPB 0.3). */
export function manifestOf({ repository, engines, ...facts }: Package): Manifest {
  const url = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  return {
    manifest_version: '0.3',
    name: 'portolan',
    display_name: 'Portolan',
    version: facts.version,
    description: facts.description,
    long_description: [
      'One MCP server that gives you many: it fetches servers of a signed catalog, verifies each, and runs each in a box with only what its entry declares.',
      'Install Node.js 22 or newer and [Portolan itself](https://portolan-mcp.github.io/portolan/docs/quick-start/) to fill a profile with `portolan add`, keep secrets with `portolan secret set`, and see what servers may do; without it, let Claude find and add servers that need no setting.',
      'Local servers need Podman, Docker or, on Linux, bubblewrap to be isolated in.',
    ].join('\n\n'),
    author: { name: 'The Portolan contributors', url },
    repository: { type: 'git', url: `${url}.git` },
    homepage: facts.homepage,
    documentation: `${facts.homepage}docs/`,
    support: `${url}/issues`,
    icon: 'icon.png',
    license: facts.license,
    keywords: [...facts.keywords],
    server: {
      type: 'node',
      entry_point: ENTRY_POINT,
      mcp_config: {
        command: 'node',
        args: [`\${__dirname}/${ENTRY_POINT}`],
        env: {
          PORTOLAN_PROFILE: setting('profile'),
          PORTOLAN_PASSPHRASE: setting('passphrase'),
          PORTOLAN_BUNDLE_DISCOVER: setting('discover'),
        },
      },
    },
    // They are those of the servers in the profile.
    tools_generated: true,
    prompts_generated: true,
    compatibility: {
      platforms: ['darwin', 'win32', 'linux'],
      runtimes: { node: engines.node },
    },
    user_config: {
      profile: {
        type: 'string',
        title: 'Profile',
        description:
          'Which set of servers: a name, or the path of a project’s file. The current profile when empty.',
        required: false,
        default: '',
      },
      discover: {
        type: 'boolean',
        title: 'Let Claude find tools and servers',
        description:
          'Claude sees six tools that find, call and add, in place of every tool of the profile. Switch it off once your profile has the servers that you want.',
        required: false,
        default: true,
      },
      passphrase: {
        type: 'string',
        title: 'Passphrase of the vault',
        description:
          'Only where your secrets are kept under a passphrase and not in the keychain of the system.',
        required: false,
        sensitive: true,
      },
    },
  };
}

/** Where the client puts what somebody entered for a setting. */
function setting(name: string): string {
  return `\${user_config.${name}}`;
}

type Manifest = ReturnType<typeof v0_3.McpbManifestSchema.parse>;
