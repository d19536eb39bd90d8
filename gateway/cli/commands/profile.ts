import type { Command } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';
import { type ProfileOptions, withProfileOption } from '../profile-options.ts';

export interface JsonOption {
  readonly json?: true;
}

export interface CreateOptions extends JsonOption {
  readonly description?: string;
  readonly catalogs?: readonly string[];
  readonly use?: true;
}

export interface AddServerOptions extends CatalogOptions, ProfileOptions, JsonOption {
  readonly isolation?: string;
  readonly set: readonly string[];
  readonly dryRun?: true;
}

export interface SetOptions extends CatalogOptions, ProfileOptions, JsonOption {
  readonly isolation?: readonly string[];
  readonly reference?: readonly string[];
  readonly unset?: readonly string[];
}

export interface UpdateOptions extends CatalogOptions, ProfileOptions, JsonOption {
  readonly yes?: true;
  readonly frozen?: true;
  readonly dryRun?: true;
}

export interface ToolSwitchOptions extends CatalogOptions, ProfileOptions, JsonOption {}

export interface ImportOptions extends CatalogOptions, JsonOption {
  readonly replace?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly use?: true;
}

export interface RemoveOptions extends JsonOption {
  readonly yes?: true;
}

export interface ExportOptions extends JsonOption {
  readonly output?: string;
}

export interface PushOptions extends JsonOption {
  readonly signingKey?: string;
  readonly unsigned?: true;
  readonly keyless?: true;
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly tsaUrl?: string;
}

/** `portolan profile`, and `add`, `remove`, `set` and `update`, which change one. */
export function registerProfile(program: Command): void {
  registerMoves(registerSets(program));
  registerChanges(program);
}

function registerSets(program: Command): Command {
  const actions = () => import('./profile-actions.ts');
  const profile = program
    .command('profile')
    .summary('named sets of servers with their settings')
    .description(
      'Makes, lists and removes profiles: sets of servers with versions, parameters, tools and isolation. A profile is a YAML file with a lock beside it; a name means one of yours, a path that of a project.',
    );
  withHelp(
    json(profile.command('create').argument('<name|path>', 'e.g. work, or ./portolan.yaml')),
    {
      examples: [
        ['Make one and use it', 'portolan profile create work --use'],
        [
          'Make one that a team commits',
          "portolan profile create ./portolan.yaml --description 'Tools of the web team'",
        ],
      ],
    },
  )
    .description('Makes an empty profile.')
    .option('--description <text>', 'what it is for')
    .option('--catalogs <names>', 'take servers from these catalogs only, with commas', names)
    .option('--use', 'make it the current profile')
    .action(async (name: string, options: CreateOptions) =>
      (await actions()).createOne(name, options),
    );
  withHelp(json(profile.command('ls')), { examples: [['List them', 'portolan profile ls']] })
    .description('Lists your profiles; the current one has a star.')
    .action(async (options: JsonOption) => (await actions()).listAll(options));
  withHelp(json(profile.command('show').argument('[name|path]', 'the current one when absent')), {
    examples: [
      ['Show the current one', 'portolan profile show'],
      ["Show a project's", 'portolan profile show ./portolan.yaml'],
    ],
  })
    .description('Shows the servers of a profile, what is set for them and what is locked.')
    .action(async (name: string | undefined, options: JsonOption) =>
      (await actions()).showOne(name, options),
    );
  withHelp(json(profile.command('use').argument('<name|path>', 'an existing profile')), {
    examples: [['Change to another one', 'portolan profile use work']],
  })
    .description('Makes a profile the current one. Gateways that serve the current one follow.')
    .action(async (name: string, options: JsonOption) => (await actions()).useOne(name, options));
  withHelp(json(profile.command('rm').argument('<name|path>', 'the profile to remove')), {
    examples: [
      ['Remove one', 'portolan profile rm work'],
      ['In a script', 'portolan profile rm work --yes'],
    ],
  })
    .description('Asks, then removes a profile and its lock. Its secrets stay in the vault.')
    .option('--yes', 'remove it without a question')
    .action(async (name: string, options: RemoveOptions) =>
      (await actions()).removeOne(name, options),
    );
  return profile;
}

const REPLACE_EXITS = {
  7: 'a server would be allowed more than in the profile that is there, and nobody agreed',
};

/** Profiles that come from elsewhere or go there. */
function registerMoves(profile: Command): void {
  const actions = () => import('./profile-moves.ts');
  withHelp(json(profile.command('export').argument('[name|path]', 'the current one when absent')), {
    examples: [['Write a profile to a file', 'portolan profile export work --output work.yaml']],
  })
    .description('Writes a profile and its lock as one file. It holds no secrets.')
    .option('--output <file>', 'where to; stdout when absent')
    .action(async (name: string | undefined, options: ExportOptions) =>
      (await actions()).exportOne(name, options),
    );
  withHelp(
    imported(
      profile
        .command('import')
        .argument('<file>', 'an exported profile, or one of `docker mcp profile export`')
        .argument('<name|path>', 'what to call it here'),
    ),
    {
      examples: [
        ['Take over a profile', 'portolan profile import work.yaml work --use'],
        [
          'See what a newer one would change',
          'portolan profile import work.yaml work --replace --dry-run',
        ],
      ],
      exits: REPLACE_EXITS,
    },
  )
    .description(
      "Takes over a profile from a file, with its lock. Of a profile of Docker's toolkit it takes the servers that your catalogs have, and says what it could not take.",
    )
    .action(async (file: string, name: string, options: ImportOptions) =>
      (await actions()).importOne(file, name, options),
    );
  withHelp(
    json(
      profile
        .command('push')
        .argument('<name|path>', 'the profile')
        .argument('<target>', 'oci://HOST/REPOSITORY[:TAG] or oci-layout:PATH[:TAG]'),
    ),
    {
      examples: [
        [
          "Publish a team's profile",
          'portolan profile push ./portolan.yaml oci://ghcr.io/example/profiles:web --signing-key team.key',
        ],
        [
          'Publish it from a job of GitHub Actions, without a key',
          'portolan profile push ./portolan.yaml oci://ghcr.io/example/profiles:web --keyless',
        ],
      ],
    },
  )
    .description('Publishes a profile with its lock as a signed OCI artifact.')
    .option(
      '--signing-key <file>',
      'private key that signs: PEM, or a cosign.key with COSIGN_PASSWORD',
    )
    .option(
      '--keyless',
      'sign with the identity of this job: GitHub Actions, or what sets SIGSTORE_ID_TOKEN',
    )
    .option('--fulcio-url <url>', 'certificate authority for --keyless; the public one when absent')
    .option('--rekor-url <url>', 'transparency log for --keyless; the public one when absent')
    .option('--tsa-url <url>', 'timestamp authority for --keyless; the public one when absent')
    .option('--unsigned', 'do not sign; sign it with `cosign sign` afterwards')
    .action(async (name: string, target: string, options: PushOptions) =>
      (await actions()).pushOne(name, target, options),
    );
  withHelp(
    imported(
      profile
        .command('pull')
        .argument('<source>', 'oci://HOST/REPOSITORY[:TAG] or oci-layout:PATH[:TAG]')
        .argument('<name|path>', 'what to call it here'),
    ),
    {
      examples: [
        [
          'Fetch a profile and use it',
          'portolan profile pull oci://ghcr.io/example/profiles:web web --key team.pub --use',
        ],
      ],
      notes: '--key, --identity and --issuer say who must have signed the profile.',
      exits: REPLACE_EXITS,
    },
  )
    .description(
      "Fetches a published profile and verifies who signed it before anything is written. Docker's profiles are read as well: they are not signed, so only names, settings and tools are taken.",
    )
    .action(async (source: string, name: string, options: ImportOptions) =>
      (await actions()).pullOne(source, name, options),
    );
}

function imported(command: Command): Command {
  return json(withCatalogOptions(command))
    .option(
      '--replace',
      'take the place of a profile of that name; asks before a server may do more',
    )
    .option('--yes', 'agree to everything that is shown')
    .option('--dry-run', 'show what would change, write nothing')
    .option('--use', 'make it the current profile');
}

function registerChanges(program: Command): void {
  const actions = () => import('./add-actions.ts');
  withHelp(change(program.command('add').argument('<servers...>', 'NAME or NAME@VERSION')), {
    examples: [
      ['Add a server', 'portolan add context7'],
      [
        'Add one with a setting',
        'portolan add filesystem --set filesystem.directories=/home/me/work',
      ],
      [
        "Add a version to a project's profile",
        'portolan add github@1.2.0 --profile ./portolan.yaml',
      ],
    ],
  })
    .summary('add servers to a profile')
    .description(
      'Verifies servers, adds them to a profile and locks them. Says what they may do, which parameters, secrets and sign-ins are missing, and what to do next.',
    )
    .option('--set <server.parameter=value>', 'set a parameter (repeatable)', collect, [])
    .option(
      '--isolation <mode>',
      'keep them in a box of this kind, container or bubblewrap; the best that a machine has when absent',
    )
    .option('--dry-run', 'show what it would mean, change nothing')
    .action(async (servers: string[], options: AddServerOptions) =>
      (await actions()).addServers(servers, options),
    );
  withHelp(json(withProfileOption(program.command('remove').argument('<servers...>', 'names'))), {
    examples: [['Remove a server', 'portolan remove context7']],
  })
    .summary('remove servers from a profile')
    .description('Removes servers with their settings from a profile and its lock.')
    .action(async (servers: string[], options: ProfileOptions & JsonOption) =>
      (await actions()).removeServers(servers, options),
    );
  withHelp(change(program.command('set').argument('[settings...]', 'SERVER.PARAMETER=VALUE')), {
    examples: [
      ['Set a list', `portolan set 'filesystem.directories=["/home/me/work","/home/me/notes"]'`],
      ['Remove a setting', 'portolan set --unset github.host'],
      [
        'Say where a password manager keeps a secret',
        'portolan set --reference github.token=op://Work/GitHub/token',
      ],
      ['Keep a server in containers only', 'portolan set --isolation github=container'],
      ['Leave its isolation to the machine again', 'portolan set --isolation github=auto'],
    ],
  })
    .summary('set parameters, references and isolation of servers in a profile')
    .description(
      'Sets parameters, where a password manager keeps secrets, and what keeps a server in its box. A list is JSON, or one text for a list of one.',
    )
    .option('--unset <server.parameter>', 'remove a parameter or reference (repeatable)', collect)
    .option(
      '--reference <server.secret=uri>',
      'where a password manager keeps a secret (repeatable); no value',
      collect,
    )
    .option(
      '--isolation <server=mode>',
      'container, bubblewrap, or auto for the best that a machine has (repeatable)',
      collect,
    )
    .action(async (settings: string[], options: SetOptions) =>
      (await import('./set-actions.ts')).setParameters(settings, options),
    );
  const update = change(
    program
      .command('update')
      .argument(
        '[servers...]',
        'NAME, NAME@VERSION to keep that version, or NAME@latest to keep none; all when absent',
      ),
  );
  withHelp(update, {
    examples: [
      ['See what is newer, and decide', 'portolan update'],
      ['Move one to a version', 'portolan update github@1.2.0'],
      ['Follow new versions again', 'portolan update github@latest'],
      ['Check a committed profile in CI', 'portolan update --profile ./portolan.yaml --frozen'],
    ],
    exits: { 7: 'a server would be allowed more, and nobody is there to ask' },
  })
    .summary('move servers of a profile on to newer versions')
    .description(
      'Shows what newer versions change: version, tools and permissions. Asks before a server may do more; nothing is changed without an answer.',
    )
    .option('--yes', 'agree to everything that is shown')
    .option('--dry-run', 'show what would change, change nothing')
    .option('--frozen', 'change nothing, and fail when the profile and its lock disagree (for CI)')
    .action(async (servers: string[], options: UpdateOptions) =>
      (await import('./update-actions.ts')).updateServers(servers, options),
    );
}

/** `tools enable` and `tools disable`. */
export function registerToolSwitches(tools: Command): void {
  for (const on of [true, false]) {
    const verb = on ? 'enable' : 'disable';
    withHelp(
      change(
        tools
          .command(verb)
          .argument('<server>', 'a server of the profile')
          .argument('<tools...>', 'names of tools; * stands for any text'),
      ),
      {
        examples: [
          on
            ? ['Offer a tool again', 'portolan tools enable github delete_file']
            : ['Stop offering some', "portolan tools disable github 'delete_*'"],
        ],
      },
    )
      .description(
        on
          ? 'Offers tools of a server again.'
          : 'Stops offering tools of a server; a call of one is refused.',
      )
      .action(async (server: string, names: string[], options: ToolSwitchOptions) =>
        (await import('./add-actions.ts')).switchServerTools(server, names, on, options),
      );
  }
}

function change(command: Command): Command {
  return json(withProfileOption(withCatalogOptions(command)));
}

function json(command: Command): Command {
  return command.option('--json', 'print JSON');
}

function names(value: string): readonly string[] {
  return value.split(',').map((name) => name.trim());
}
