import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AccessOptions } from '../../compose/access.ts';
import type { IsolationChoice } from '../../compose/isolation-options.ts';
import type { ReplicaOptions } from '../../compose/replica-options.ts';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { type Help, withHelp } from '../help.ts';
import { withIsolationOptions } from '../isolation-arguments.ts';
import { names } from '../quick-run.ts';

/** Options of `portolan run` as commander gives them. */
export interface RunOptions extends CatalogOptions, AccessOptions, IsolationChoice, ReplicaOptions {
  /** Name or path; the current one when neither this nor `servers` nor `all` is given. */
  readonly profile?: string;
  readonly frozen?: true;
  readonly servers?: readonly string[];
  readonly all?: true;
  readonly set: readonly string[];
  readonly transport: 'stdio' | 'http';
  readonly host: string;
  readonly port: number;
  readonly allowOrigin: readonly string[];
  readonly allowHost: readonly string[];
  readonly legacySse?: true;
  readonly drain: number;
  readonly toolChanges: 'block' | 'warn';
  readonly prefix: 'auto' | 'always' | 'never';
  readonly discover?: true;
  readonly audit?: string;
  readonly telemetry: 'off' | 'otlp';
  readonly metricsPort?: number;
  readonly metricsHost: string;
}

/** `portolan run`: the gateway. */
export function registerRun(program: Command): void {
  const run = program
    .command('run')
    .summary('serve verified, isolated servers as one MCP endpoint')
    .description(
      'Serves the servers of a profile, or the named servers of a catalog, as one MCP endpoint. Without --profile, --servers and --all it is the current profile. A profile is followed while the gateway runs. Each is verified before use and runs in a box of its own on first use; tools are listed from the signed definitions without starting anything.',
    );
  withCatalogOptions(run)
    .option('--profile <name|path>', 'serve a profile: its name, or the file of a project')
    .option('--frozen', 'refuse to run when the profile and its lock disagree (for CI)')
    .option(
      '--servers <names>',
      'servers to serve, as NAME or NAME@VERSION, with commas; with --profile, only these of it',
      names,
    )
    .option('--all', 'serve every server of the catalog that needs no setting')
    .option(
      '--set <server.parameter=value>',
      'set a parameter of a server (repeatable); a list is JSON',
      collect,
      [],
    )
    .addOption(
      new Option('--transport <kind>', 'how clients connect')
        .choices(['stdio', 'http'])
        .default('stdio'),
    )
    .option('--host <address>', 'address to listen on, with --transport http', '127.0.0.1')
    .option('--port <number>', 'port to listen on, with --transport http', portNumber, 8811)
    .option('--token-file <file>', 'bearer token of the HTTP endpoint; made when it is missing')
    .option('--token <name=file>', 'a named bearer token of its own (repeatable)', collect, [])
    .option('--tls-cert <file>', 'certificate chain (PEM) of the HTTP endpoint')
    .option('--tls-key <file>', 'private key (PEM) of the certificate')
    .option('--oauth-issuer <url>', 'accept tokens of this authorization server')
    .option('--oauth-audience <url>', 'URL of this endpoint, which such tokens must be for')
    .option('--oauth-scope <scope>', 'scope that such tokens must have (repeatable)', collect)
    .option('--oauth-profile-claim <claim>', 'claim of such tokens that names their profile')
    .option(
      '--caller-profile <name=profile>',
      'serve this profile to the caller of a named token, or to this subject (repeatable)',
      collect,
    )
    .option('--legacy-sse', 'also serve /sse and /messages, for clients of 2024-11-05 only')
    .option('--allow-origin <origin>', 'web origin that may call (repeatable)', collect, [])
    .option('--allow-host <name>', 'further host name of this endpoint (repeatable)', collect, [])
    .option('--drain <seconds>', 'time that calls have to finish after SIGTERM', seconds, 5)
    .option('--replica-key <file>', 'secret that all replicas behind one balancer share')
    .option('--replica-url <url>', 'where the other replicas reach the endpoint of this one');
  withHelp(withIsolationOptions(run), HELP)
    .addOption(
      new Option('--tool-changes <mode>', 'what happens to tools that differ from the signed ones')
        .choices(['block', 'warn'])
        .default('block'),
    )
    .addOption(
      new Option('--prefix <mode>', 'when tool names get their server in front')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--discover', 'list six tools that find, describe and call all others')
    .option('--audit <file|off>', 'audit log; audit.jsonl in the state folder when absent')
    .addOption(
      new Option('--telemetry <kind>', 'send OpenTelemetry traces and metrics; OTEL_* says where')
        .choices(['off', 'otlp'])
        .default('off'),
    )
    .option('--metrics-port <number>', 'serve metrics for Prometheus on this port', portNumber)
    .option('--metrics-host <address>', 'address to serve them on', '127.0.0.1')
    .action(async (options: RunOptions) => {
      const { runGateway } = await import('../../compose/run-gateway.ts');
      await runGateway(options);
    });
}

const HELP: Help = {
  examples: [
    ['Serve the current profile, which `portolan add` fills', 'portolan run'],
    [
      'Serve the profile of a project, exactly as it is locked',
      'portolan run --profile ./portolan.yaml --frozen',
    ],
    [
      'Serve two servers to a client on stdio',
      'portolan run --servers everything,sequential-thinking',
    ],
    [
      'Let the filesystem server read one folder',
      `portolan run --servers filesystem --set 'filesystem.directories=["/home/me/work"]'`,
    ],
    [
      'Open an HTTP endpoint over a catalog that was not added',
      'portolan run --catalog oci://ghcr.io/example/catalog --key catalog.pub --servers everything --transport http --port 8811',
    ],
  ],
  notes:
    'Secrets come from the vault (portolan secret set) or from the environment, PORTOLAN_SECRET_<SERVER>__<NAME>, never from an argument.',
};

/** A port from the command line; 0 is any free one. */
export function portNumber(value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port < 65536) return port;
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}

function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number >= 0 && number <= 3600) return number;
  throw new InvalidArgumentError('A time is a number of seconds from 0 to 3600.');
}
