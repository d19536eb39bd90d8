import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { directLaunch, gatewayLaunch, type Launch } from './launch.ts';

/** One thing to paste, or one link to press. */
export interface Snippet {
  /** Where it goes: `shell` for a terminal, or the path of a file. */
  readonly where: string;
  readonly language: 'shell' | 'json' | 'toml' | 'yaml';
  readonly text: string;
}

/** A deep link that opens the client with the same content as the snippet. */
export interface Link {
  readonly href: string;
  readonly label: string;
}

export interface Install {
  readonly snippets: readonly Snippet[];
  readonly links: readonly Link[];
}

/** An MCP client: how it is told about a server. */
export interface Client {
  readonly id: string;
  readonly title: string;
  /** Transports that it speaks itself; a remote server needs `http`. */
  readonly transports: readonly Launch['transport'][];
  readonly install: (launch: Launch) => Install;
}

/** What to paste to reach a server through the gateway; every client can. */
export function gatewayInstall(
  client: Client,
  entry: ServerEntry,
  catalog: readonly string[],
): Install {
  return client.install(gatewayLaunch(entry, catalog));
}

/** What to paste to reach it without the gateway; undefined where the client cannot. */
export function directInstall(client: Client, entry: ServerEntry): Install | undefined {
  const launch = directLaunch(entry);
  return launch && client.transports.includes(launch.transport)
    ? client.install(launch)
    : undefined;
}

/** The clients, most used first. Formats: docs/guides/clients.md. */
export const CLIENTS: readonly Client[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    transports: ['stdio', 'http'],
    install: (launch) => shell(claudeCode(launch)),
  },
  {
    id: 'vscode',
    title: 'VS Code',
    transports: ['stdio', 'http'],
    install: (launch) => {
      const inputs = inputsOf(launch);
      const server = vscodeServer(launch);
      const whole = { name: launch.name, ...server, ...(inputs.length ? { inputs } : {}) };
      return {
        snippets: [
          {
            where: 'shell',
            language: 'shell',
            text: `code --add-mcp ${quote(JSON.stringify(whole))}`,
          },
          file('.vscode/mcp.json', {
            servers: { [launch.name]: server },
            ...(inputs.length ? { inputs } : {}),
          }),
        ],
        links: [
          {
            href: `vscode:mcp/install?${encodeURIComponent(JSON.stringify(whole))}`,
            label: 'Install in VS Code',
          },
        ],
      };
    },
  },
  {
    id: 'cursor',
    title: 'Cursor',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [file('~/.cursor/mcp.json', mcpServers(launch))],
      links: [
        {
          href: `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(launch.name)}&config=${encodeURIComponent(base64(JSON.stringify(plain(launch))))}`,
          label: 'Install in Cursor',
        },
      ],
    }),
  },
  {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    transports: ['stdio'],
    install: (launch) => ({
      snippets: [file('claude_desktop_config.json', mcpServers(launch))],
      links: [],
    }),
  },
  {
    id: 'codex',
    title: 'Codex CLI',
    transports: ['stdio'],
    install: (launch) => ({
      snippets: [
        {
          where: 'shell',
          language: 'shell',
          text: `codex mcp add ${launch.name}${envFlags('--env', launch)} -- ${commandLine(launch)}`,
        },
        { where: '~/.codex/config.toml', language: 'toml', text: codexToml(launch) },
      ],
      links: [],
    }),
  },
  {
    id: 'gemini',
    title: 'Gemini CLI',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.gemini/settings.json', {
          mcpServers: {
            [launch.name]:
              launch.transport === 'http'
                ? { httpUrl: launch.url, ...some('headers', launch.headers) }
                : plain(launch),
          },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'copilot-cli',
    title: 'Copilot CLI',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.copilot/mcp-config.json', {
          mcpServers: {
            [launch.name]: {
              type: launch.transport === 'http' ? 'http' : 'local',
              ...plain(launch),
              tools: ['*'],
            },
          },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'windsurf',
    title: 'Windsurf',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.codeium/windsurf/mcp_config.json', {
          mcpServers: {
            [launch.name]:
              launch.transport === 'http'
                ? { serverUrl: launch.url, ...some('headers', launch.headers) }
                : plain(launch),
          },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'zed',
    title: 'Zed',
    transports: ['stdio'],
    install: (launch) => ({
      snippets: [
        file('~/.config/zed/settings.json', {
          context_servers: { [launch.name]: { source: 'custom', enabled: true, ...plain(launch) } },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'lm-studio',
    title: 'LM Studio',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [file('~/.lmstudio/mcp.json', mcpServers(launch))],
      links: [
        {
          href: `lmstudio://add_mcp?name=${encodeURIComponent(launch.name)}&config=${encodeURIComponent(base64(JSON.stringify(plain(launch))))}`,
          label: 'Install in LM Studio',
        },
      ],
    }),
  },
  {
    id: 'goose',
    title: 'Goose',
    transports: ['stdio'],
    install: (launch) => ({
      snippets: [
        { where: '~/.config/goose/config.yaml', language: 'yaml', text: gooseYaml(launch) },
      ],
      links: [{ href: gooseLink(launch), label: 'Install in Goose' }],
    }),
  },
  {
    id: 'kiro',
    title: 'Kiro',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [file('~/.kiro/settings/mcp.json', mcpServers(launch))],
      links: [
        {
          href: `https://kiro.dev/launch/mcp/add?name=${encodeURIComponent(launch.name)}&config=${encodeURIComponent(JSON.stringify(plain(launch)))}`,
          label: 'Install in Kiro',
        },
      ],
    }),
  },
  {
    id: 'cline',
    title: 'Cline',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [file('cline_mcp_settings.json', mcpServers(launch))],
      links: [],
    }),
  },
  {
    id: 'continue',
    title: 'Continue',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        { where: '~/.continue/config.yaml', language: 'yaml', text: continueYaml(launch) },
      ],
      links: [],
    }),
  },
  {
    id: 'opencode',
    title: 'OpenCode',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.config/opencode/opencode.json', {
          mcp: {
            [launch.name]:
              launch.transport === 'http'
                ? {
                    type: 'remote',
                    url: launch.url,
                    ...some('headers', launch.headers),
                    enabled: true,
                  }
                : {
                    type: 'local',
                    command: [launch.command, ...launch.args],
                    ...some('environment', launch.env),
                    enabled: true,
                  },
          },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'crush',
    title: 'Crush',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.config/crush/crush.json', {
          mcp: { [launch.name]: { type: launch.transport, ...plain(launch) } },
        }),
      ],
      links: [],
    }),
  },
  {
    id: 'amp',
    title: 'Amp',
    transports: ['stdio', 'http'],
    install: (launch) => ({
      snippets: [
        file('~/.config/amp/settings.json', { 'amp.mcpServers': { [launch.name]: plain(launch) } }),
      ],
      links: [],
    }),
  },
];

const shell = (text: string): Install => ({
  snippets: [{ where: 'shell', language: 'shell', text }],
  links: [],
});

const file = (where: string, value: unknown): Snippet => ({
  where,
  language: 'json',
  // Lists of words stand on one line, as people write them.
  text: JSON.stringify(value, null, 2).replace(
    /\[\s+("(?:[^"\\]|\\.)*"(?:,\s+"(?:[^"\\]|\\.)*")*)\s+\]/g,
    (_, words: string) => `[${words.replace(/",\s+"/g, '", "')}]`,
  ),
});

const some = <T>(key: string, record: Readonly<Record<string, T>>) =>
  Object.keys(record).length ? { [key]: record } : {};

/** The object that most clients take. */
function plain(launch: Launch) {
  return launch.transport === 'http'
    ? { url: launch.url, ...some('headers', launch.headers) }
    : { command: launch.command, args: launch.args, ...some('env', launch.env) };
}

const mcpServers = (launch: Launch) => ({ mcpServers: { [launch.name]: plain(launch) } });

/** VS Code asks for what is missing and keeps secrets itself, so inputs take the placeholders' place. */
function vscodeServer(launch: Launch) {
  let text = JSON.stringify({
    type: launch.transport === 'http' ? 'http' : 'stdio',
    ...plain(launch),
  });
  for (const { id, placeholder } of launch.inputs) {
    text = text.replaceAll(placeholder, `\${input:${id}}`);
  }
  return JSON.parse(text) as Record<string, unknown>;
}

const inputsOf = ({ inputs }: Launch) =>
  inputs.map(({ id, description, secret }) => ({
    type: 'promptString',
    id,
    description,
    ...(secret ? { password: true } : {}),
  }));

function claudeCode(launch: Launch): string {
  if (launch.transport === 'http') {
    const headers = Object.entries(launch.headers).map(
      ([name, value]) => ` --header ${quote(`${name}: ${value}`)}`,
    );
    return `claude mcp add --transport http ${launch.name} ${quote(launch.url)}${headers.join('')}`;
  }
  return `claude mcp add ${launch.name}${envFlags('-e', launch)} -- ${commandLine(launch)}`;
}

const envFlags = (flag: string, { env }: Launch) =>
  Object.entries(env)
    .map(([name, value]) => ` ${flag} ${quote(`${name}=${value}`)}`)
    .join('');

const commandLine = ({ command, args }: Launch) => [command, ...args].map(quote).join(' ');

/** Quotes a word for a POSIX shell, when it needs it. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function codexToml(launch: Launch): string {
  const lines = [
    `[mcp_servers.${launch.name}]`,
    `command = ${JSON.stringify(launch.command)}`,
    `args = [${launch.args.map((arg) => JSON.stringify(arg)).join(', ')}]`,
  ];
  const env = Object.entries(launch.env);
  if (env.length) {
    lines.push('', `[mcp_servers.${launch.name}.env]`);
    for (const [name, value] of env) lines.push(`${name} = ${JSON.stringify(value)}`);
  }
  return lines.join('\n');
}

function gooseYaml(launch: Launch): string {
  return [
    'extensions:',
    `  ${launch.name}:`,
    '    type: stdio',
    '    enabled: true',
    `    cmd: ${launch.command}`,
    `    args: [${launch.args.map((arg) => JSON.stringify(arg)).join(', ')}]`,
    ...yamlRecord('envs', launch.env, '    '),
    '    timeout: 300',
  ].join('\n');
}

function gooseLink(launch: Launch): string {
  const query = new URLSearchParams([
    ['cmd', launch.command],
    ...launch.args.map((arg): [string, string] => ['arg', arg]),
    ['id', launch.name],
    ['name', launch.title],
    ['description', launch.description],
    ['timeout', '300'],
    ...Object.entries(launch.env).map(([name]): [string, string] => [
      'env',
      `${name}=${launch.inputs.find(({ placeholder }) => launch.env[name]?.includes(placeholder))?.description ?? name}`,
    ]),
  ]);
  return `goose://extension?${query.toString().replaceAll('+', '%20')}`;
}

function continueYaml(launch: Launch): string {
  return [
    'mcpServers:',
    `  - name: ${JSON.stringify(launch.title)}`,
    ...(launch.transport === 'http'
      ? [
          '    type: streamable-http',
          `    url: ${JSON.stringify(launch.url)}`,
          ...(Object.keys(launch.headers).length
            ? ['    requestOptions:', ...yamlRecord('headers', launch.headers, '      ')]
            : []),
        ]
      : [
          `    command: ${launch.command}`,
          `    args: [${launch.args.map((arg) => JSON.stringify(arg)).join(', ')}]`,
          ...yamlRecord('env', launch.env, '    '),
        ]),
  ].join('\n');
}

const yamlRecord = (key: string, record: Readonly<Record<string, string>>, indent: string) =>
  Object.keys(record).length
    ? [
        `${indent}${key}:`,
        ...Object.entries(record).map(
          ([name, value]) => `${indent}  ${name}: ${JSON.stringify(value)}`,
        ),
      ]
    : [];

/** Base64 of a text's UTF-8, in Node.js and in browsers. */
function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
