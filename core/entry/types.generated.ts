// Generated from schemas/ by `npm run generate:types`; do not edit.

/**
 * A template, a group of templates, or a group under a condition.
 */
export type Argument =
  | string
  | string[]
  | {
      /**
       * Name of a parameter: the group counts when it is set and not false.
       */
      when: string;
      /**
       * The group.
       *
       * @minItems 1
       * @maxItems 16
       */
      args: string[];
    };

/**
 * One MCP server of the catalog: what it is, where its bytes come from, what a user sets, and what it may touch. The file is registry/servers/NAME/server.yaml.
 */
export interface ServerEntry {
  /**
   * Name of the server in this catalog; equals the folder's name.
   */
  name: string;
  /**
   * Version of this entry (semantic versioning, no build part). Any change of the entry needs a new one: patch for words, minor for a new upstream release, major when it asks for more permissions or loses tools. A published version is never reused.
   */
  version: string;
  /**
   * Name as people write it.
   */
  title: string;
  /**
   * What the server does for its user, in one or two sentences of plain text, without Markdown.
   */
  description: string;
  /**
   * One to three categories; each is an id from registry/catalog.yaml. The first one is the main one.
   *
   * @minItems 1
   * @maxItems 3
   */
  categories: string[];
  /**
   * Further words that people search for.
   *
   * @maxItems 12
   */
  tags?: string[];
  /**
   * SPDX license expression of the server's code, or LicenseRef-Proprietary for a service without published code.
   */
  license: string;
  /**
   * Who makes the server.
   */
  publisher: {
    /**
     * Name of the person or organisation.
     */
    name: string;
    /**
     * Home page of the publisher.
     */
    url: string;
    /**
     * How the maintainers of this catalog checked that the publisher owns the server: github-org (the source lives in the organisation's repository) or dns (the endpoint or home page is under the publisher's own domain).
     */
    verified?: 'github-org' | 'dns';
  };
  /**
   * Pages for readers.
   */
  links: {
    /**
     * Source code.
     */
    source?: string;
    /**
     * Home page of the product.
     */
    homepage?: string;
    /**
     * Documentation of the server.
     */
    documentation?: string;
  };
  /**
   * The exact source that the artifact was built from, where it is known.
   */
  source?: {
    /**
     * Git repository.
     */
    repository: string;
    /**
     * Full commit id.
     */
    commit?: string;
    /**
     * Folder inside the repository.
     */
    subfolder?: string;
    /**
     * Dockerfile of the image, relative to the subfolder.
     */
    dockerfile?: string;
  };
  /**
   * Where the entry is in its life; active when absent. An entry is never deleted: it is withdrawn, so that those who use it learn why.
   */
  status?: {
    /**
     * active; deprecated (still runs, with a notice); withdrawn (a tombstone: no longer offered, does not run).
     */
    state: 'active' | 'deprecated' | 'withdrawn';
    /**
     * Why, in one sentence.
     */
    reason?: string;
    /**
     * Name of the entry to use instead.
     */
    replacement?: string;
  };
  /**
   * A server in a container image.
   */
  container?: {
    /**
     * Image reference with its digest. A tag may stand before the digest for readers; the digest decides.
     */
    image: string;
    /**
     * Replaces the image's entry point; `args` of the entry follow it.
     *
     * @minItems 1
     * @maxItems 32
     */
    command?: string[];
    /**
     * Working directory inside the container.
     */
    workdir?: string;
    /**
     * Numeric user and group, UID:GID, never 0. An unprivileged one when absent.
     */
    user?: string;
  };
  /**
   * A server in an npm package. package-lock.json beside the entry is the exact tree that runs; install scripts never run.
   */
  npm?: {
    /**
     * Package name.
     */
    package: string;
    /**
     * Exact version.
     */
    version: string;
    /**
     * Subresource integrity of the package's tarball, as the npm registry gives it.
     */
    integrity: string;
    /**
     * Which of the package's executables is the server; needed when it has several.
     */
    bin?: string;
  };
  /**
   * A server that its publisher runs; the gateway only connects to it.
   */
  remote?: {
    /**
     * streamable-http, or sse for endpoints of the revision 2024-11-05.
     */
    transport: 'streamable-http' | 'sse';
    /**
     * Public https endpoint. May hold template references in its path or query, never in its host.
     */
    url: string;
    /**
     * Request headers; values are templates that refer to parameters and secrets.
     */
    headers?: {
      [k: string]: string;
    };
    /**
     * Present when the endpoint needs a sign-in with OAuth. Endpoints are discovered (RFC 9728, RFC 8414).
     */
    oauth?: {
      /**
       * false when the endpoint also answers without a sign-in; true when absent.
       */
      required?: boolean;
      /**
       * Scopes to ask for; those that the server's metadata names when absent.
       *
       * @maxItems 32
       */
      scopes?: string[];
      /**
       * How a client gets its id: dynamic (RFC 7591), metadata-document (client id metadata document), or manual (the user registers a client with the publisher).
       */
      registration?: 'dynamic' | 'metadata-document' | 'manual';
    };
  };
  /**
   * What the user sets: a JSON Schema object whose properties are the parameters. Values are strings, numbers, booleans or lists of strings. A parameter is referred to as {name} in templates.
   */
  parameters?: {
    /**
     * Always object; may be left out.
     */
    type?: 'object';
    /**
     * The parameters by name.
     */
    properties: {
      [k: string]: Parameter;
    };
    /**
     * Parameters without which the server cannot start.
     */
    required?: string[];
  };
  /**
   * Credentials that the server needs. They are injected through `env` or `remote.headers` templates, never through arguments or files of the image.
   *
   * @minItems 1
   * @maxItems 20
   */
  secrets?: Secret[];
  /**
   * Environment variables of the server; values are templates. A variable whose template refers to something unset is left out.
   */
  env?: {
    [k: string]: string;
  };
  /**
   * Arguments of the server; each item is a template, a group of templates that stand or fall together, or a group under a condition. An item that is exactly a reference to a list expands to all its members; a group is repeated for each member. An item or group that refers to something unset is left out. Secrets are not allowed here: arguments are visible to every process.
   *
   * @minItems 1
   * @maxItems 64
   */
  args?: Argument[];
  /**
   * true when the server keeps state of a conversation in its process (a browser, a session, a transaction): each client session then gets a process of its own.
   */
  stateful?: boolean;
  /**
   * Programs that must exist where the server runs and that its package does not bring.
   *
   * @minItems 1
   * @maxItems 8
   */
  requires?: {
    /**
     * Name of the executable.
     */
    program: string;
    /**
     * What the server does with it.
     */
    reason: string;
  }[];
  /**
   * What the server may touch. What is not declared is not granted.
   */
  permissions?: {
    /**
     * none, or the hosts that it may reach.
     */
    network:
      | 'none'
      | {
          /**
           * host:port pairs. `*.example.com:443` covers sub-domains; `*:443` covers every public host; private and link-local addresses are never covered by a wildcard. A host or port may be a template reference to a parameter.
           *
           * @minItems 1
           * @maxItems 64
           */
          allow: string[];
        };
    /**
     * Folders and files of the host that it may see.
     *
     * @minItems 1
     * @maxItems 16
     */
    volumes?: {
      /**
       * A template that refers to a parameter: only the user names paths of the host. A list parameter gives one volume for each member.
       */
      path: string;
      /**
       * Where it appears for the server; the same path as on the host when absent.
       */
      target?: string;
      /**
       * What it may do there.
       */
      access: 'read-only' | 'read-write';
    }[];
    /**
     * Ceilings; the defaults are memory 512m, cpus 1, pids 128, tmp 64m.
     */
    resources?: {
      /**
       * Memory, in mebibytes (m) or gibibytes (g).
       */
      memory?: string;
      /**
       * Processors.
       */
      cpus?: number;
      /**
       * Processes and threads.
       */
      pids?: number;
      /**
       * Size of the temporary folder, the only place that it may write to besides its volumes.
       */
      tmp?: string;
    };
  };
  /**
   * static: tools.json holds the tools, captured from the running server; the gateway serves exactly those. dynamic, with the reason: the server's tools depend on the account or the configuration and are listed live.
   */
  tools:
    | 'static'
    | {
        /**
         * Why the tools cannot be fixed at review.
         */
        dynamic: string;
      };
}
/**
 * One parameter.
 */
export interface Parameter {
  /**
   * Type of the value.
   */
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  /**
   * Label for forms.
   */
  title?: string;
  /**
   * What it means and what values make sense.
   */
  description: string;
  /**
   * Value when the user sets none.
   */
  default?: string | number | boolean | string[];
  /**
   * Values that make sense.
   *
   * @maxItems 8
   */
  examples?: (string | number | boolean | unknown[])[];
  /**
   * The only values allowed.
   *
   * @minItems 1
   * @maxItems 64
   */
  enum?: (string | number)[];
  /**
   * path: a file or folder of the host; host: a host name; port: a port number; uri: a URL.
   */
  format?: 'path' | 'host' | 'port' | 'uri';
  /**
   * Regular expression that a text value must match.
   */
  pattern?: string;
  /**
   * Smallest number.
   */
  minimum?: number;
  /**
   * Largest number.
   */
  maximum?: number;
  /**
   * Members of a list.
   */
  items?: {
    /**
     * Lists hold text.
     */
    type: 'string';
    /**
     * As for a single value.
     */
    format?: 'path' | 'host' | 'uri';
    /**
     * The only members allowed.
     *
     * @minItems 1
     * @maxItems 64
     */
    enum?: string[];
  };
}
/**
 * One credential.
 */
export interface Secret {
  /**
   * Name, unique among secrets and parameters.
   */
  name: string;
  /**
   * What it is and which rights it needs.
   */
  description: string;
  /**
   * false when the server also works without it; true when absent.
   */
  required?: boolean;
  /**
   * Where to get it.
   */
  url?: string;
  /**
   * What it looks like; never a working value.
   */
  example?: string;
}

/**
 * What a server offered when it was captured: the file registry/servers/NAME/tools.json. Generated by `npm run capture`, reviewed, never edited by hand.
 */
export interface CapturedTools {
  /**
   * The exact thing that ran: package@version for npm, the image reference for a container, the URL for a remote server.
   */
  capturedFrom: string;
  /**
   * Present when the definitions did not come from an isolated run with placeholder secrets, with the way they were obtained.
   */
  capturedWith?: string;
  /**
   * MCP revision that the server answered with.
   */
  protocolVersion?: string;
  /**
   * What the server calls itself (Implementation of the MCP schema).
   */
  serverInfo: {
    name: string;
    version?: string;
    [k: string]: unknown;
  };
  /**
   * The server's instructions for the model.
   */
  instructions?: string;
  /**
   * The capabilities that the server announced.
   */
  capabilities: {
    [k: string]: unknown;
  };
  /**
   * Tool definitions (Tool of the MCP schema), in the server's order.
   *
   * @maxItems 1000
   */
  tools: ToolDefinition[];
  /**
   * Prompt definitions (Prompt of the MCP schema).
   *
   * @maxItems 1000
   */
  prompts?: PromptDefinition[];
  /**
   * Resources (Resource of the MCP schema).
   *
   * @maxItems 1000
   */
  resources?: ResourceDefinition[];
  /**
   * Resource templates (ResourceTemplate of the MCP schema).
   *
   * @maxItems 1000
   */
  resourceTemplates?: ResourceTemplateDefinition[];
}
export interface ToolDefinition {
  name: string;
  title?: string;
  description?: string;
  inputSchema: {
    [k: string]: unknown;
  };
  outputSchema?: {
    [k: string]: unknown;
  };
  annotations?: {
    [k: string]: unknown;
  };
  [k: string]: unknown;
}
export interface PromptDefinition {
  name: string;
  [k: string]: unknown;
}
export interface ResourceDefinition {
  uri: string;
  name: string;
  [k: string]: unknown;
}
export interface ResourceTemplateDefinition {
  uriTemplate: string;
  name: string;
  [k: string]: unknown;
}

/**
 * A keyless identity or a public key.
 */
export type Signer = IdentitySigner | KeySigner;

/**
 * Identity of a catalog: the file registry/catalog.yaml, the only one that a fork must edit.
 */
export interface CatalogConfig {
  /**
   * Name of the catalog, shown in the site's header.
   */
  title: string;
  /**
   * One sentence for the front page and for feeds.
   */
  description: string;
  /**
   * Reverse DNS prefix of the catalog's names in the MCP Registry API.
   */
  namespace: string;
  /**
   * Git repository of the catalog.
   */
  source: string;
  /**
   * Branch that is published; main when absent.
   */
  branch?: string;
  /**
   * OCI repository that the catalog is published to.
   */
  repository: string;
  /**
   * Address of the site, with the path that it lives under.
   */
  site?: string;
  /**
   * Who may sign this catalog. A client that adds the catalog pins these.
   *
   * @minItems 1
   * @maxItems 8
   */
  signers?: Signer[];
  /**
   * The categories, in the order in which the site shows them.
   *
   * @minItems 1
   * @maxItems 60
   */
  categories: Category[];
  /**
   * Rules on the licenses of entries.
   */
  licenses?: {
    /**
     * SPDX ids that entries may not have.
     */
    denied?: string[];
  };
  /**
   * Look of the site.
   */
  theme?: {
    /**
     * Accent colour for the light scheme, as #rrggbb; it must reach a contrast of 4.5 on white.
     */
    accent?: string;
    /**
     * Accent colour for the dark scheme.
     */
    accentDark?: string;
    /**
     * SVG file of the logo, relative to registry/.
     */
    logo?: string;
  };
}
export interface IdentitySigner {
  /**
   * Exact subject of the signing certificate.
   */
  identity: string;
  /**
   * OIDC issuer.
   */
  issuer: string;
}
export interface KeySigner {
  /**
   * Public key, PEM (SPKI).
   */
  publicKey: string;
}
export interface Category {
  /**
   * Id that entries use.
   */
  id: string;
  /**
   * Label.
   */
  title: string;
  /**
   * What belongs here.
   */
  description: string;
}

/**
 * The catalog as it is published: every server with every version by digest, and enough about each to list and search. It is the one layer of the catalog artifact.
 */
export interface PublishedCatalog {
  /**
   * Version of this format.
   */
  formatVersion: 1;
  /**
   * As in catalog-config.
   */
  namespace: string;
  /**
   * As in catalog-config.
   */
  title: string;
  /**
   * As in catalog-config.
   */
  description: string;
  /**
   * As in catalog-config.
   */
  source: string;
  /**
   * As in catalog-config.
   */
  site?: string;
  /**
   * true when a development key signs: only the machine that made it should trust it.
   */
  development?: boolean;
  /**
   * Grows with every publication (first-parent commit count); a client refuses a lower one.
   */
  number: number;
  /**
   * Commit that was built.
   */
  commit?: string;
  /**
   * @maxItems 60
   */
  categories: PublishedCategory[];
  /**
   * Sorted by name.
   *
   * @maxItems 100000
   */
  servers: CatalogServer[];
}
export interface PublishedCategory {
  id: string;
  title: string;
  description: string;
}
export interface CatalogServer {
  name: string;
  /**
   * Newest first; the first one is what the summary describes.
   *
   * @minItems 1
   * @maxItems 1000
   */
  versions: CatalogVersion[];
  summary: CatalogSummary;
}
export interface CatalogVersion {
  version: string;
  /**
   * Digest of the server artifact's manifest.
   */
  digest: string;
  /**
   * Bytes of that manifest.
   */
  size: number;
  status: 'active' | 'deprecated' | 'withdrawn';
  /**
   * First publication of this version (RFC 3339, UTC).
   */
  publishedAt?: string;
}
export interface CatalogSummary {
  title: string;
  description: string;
  kind: 'container' | 'npm' | 'remote';
  categories: string[];
  tags: string[];
  license: string;
  publisher: string;
  publisherVerified?: 'github-org' | 'dns';
  /**
   * Names of the signed tools; absent members mean that they are listed live.
   */
  tools: string[];
  dynamicTools?: boolean;
  /**
   * none: no network; hosts: named hosts; any: a wildcard over all hosts; remote: the server runs elsewhere.
   */
  network: 'none' | 'hosts' | 'any' | 'remote';
  /**
   * What a user must have before it works.
   */
  signIn: 'none' | 'secret' | 'oauth';
  /**
   * Number of required secrets.
   */
  secrets: number;
  replacement?: string;
}

/**
 * A keyless identity with its issuer, or a public key.
 */
export type PolicySigner = PolicyIdentity | PolicyKey;
/**
 * Only these.
 *
 * @maxItems 1000
 */
export type Patterns = string[];
/**
 * Never these.
 *
 * @maxItems 1000
 */
export type Patterns1 = string[];
/**
 * @maxItems 1000
 */
export type Patterns2 = string[];
/**
 * Accounts of the operating system; everyone when absent.
 *
 * @maxItems 1000
 */
export type Patterns3 = string[];
export type Interceptor = {
  [k: string]: unknown;
} & {
  /**
   * Name in messages and in the audit log.
   */
  name: string;
  /**
   * Before the call, after it, or both.
   */
  when: 'before' | 'after' | 'both';
  servers?: Patterns4;
  tools?: Patterns5;
  exec?: ExecInterceptor;
  http?: HttpInterceptor;
  /**
   * Seconds that it may take; 5 when absent.
   */
  timeoutSeconds?: number;
};
/**
 * Servers that it is asked about; all when absent.
 *
 * @maxItems 1000
 */
export type Patterns4 = string[];
/**
 * Tools, prompts or URIs that it is asked about; all when absent.
 *
 * @maxItems 1000
 */
export type Patterns5 = string[];

/**
 * What the gateway may do on this machine: policy.yaml. An organisation's file stands above the user's; of both the stricter wins. What is absent is not restricted.
 */
export interface Policy {
  /**
   * Catalogs that servers may come from. A server is allowed when one of them fits.
   *
   * @maxItems 100
   */
  catalogs?: TrustedCatalog[];
  servers?: Globs;
  /**
   * Tools by name, for servers by name; * stands for any text in both. Every key that fits a server applies.
   */
  tools?: {
    [k: string]: Globs1;
  };
  limits?: PolicyLimits;
  isolationNone?: IsolationNone;
  secrets?: Globs2;
  /**
   * Programs and services that are asked before or after calls, in this order. One that fails, is too slow or answers nonsense refuses the call.
   *
   * @maxItems 20
   */
  interceptors?: Interceptor[];
  scan?: PolicyScan;
  audit?: PolicyAudit;
}
/**
 * Where a catalog is, and whose signature counts there.
 */
export interface TrustedCatalog {
  /**
   * Source of the catalog; * stands for any text.
   */
  source: string;
  /**
   * Who must have signed the servers; anyone whom the user trusts when absent.
   *
   * @minItems 1
   * @maxItems 20
   */
  signers?: PolicySigner[];
}
export interface PolicyIdentity {
  /**
   * Exact subject of the signing certificate.
   */
  identity: string;
  /**
   * OIDC issuer.
   */
  issuer: string;
}
export interface PolicyKey {
  /**
   * Public key, PEM (SPKI).
   */
  publicKey: string;
}
/**
 * Servers by name; * stands for any text.
 */
export interface Globs {
  allow?: Patterns;
  deny?: Patterns1;
}
/**
 * With allow, only what fits is allowed; what fits deny is refused in any case.
 */
export interface Globs1 {
  allow?: Patterns;
  deny?: Patterns1;
}
/**
 * The most that a server may ask for. One that asks for more is refused.
 */
export interface PolicyLimits {
  /**
   * host:port pairs that servers may reach, as in an entry, with * for any port; an empty list means no network. Remote servers count by their URL.
   *
   * @maxItems 1000
   */
  network?: string[];
  volumes?: VolumeLimits;
  resources?: ResourceLimits;
}
/**
 * Folders of the host that servers may be given.
 */
export interface VolumeLimits {
  /**
   * The most that they may do there.
   */
  access?: 'none' | 'read-only' | 'read-write';
  /**
   * Folders that a volume must be in; ~ is the user's home. Links are resolved first.
   *
   * @maxItems 100
   */
  paths?: string[];
}
/**
 * Ceilings of what a server asks for, defaults included.
 */
export interface ResourceLimits {
  /**
   * Memory, in mebibytes (m) or gibibytes (g).
   */
  memory?: string;
  /**
   * Processors.
   */
  cpus?: number;
  /**
   * Processes and threads.
   */
  pids?: number;
  /**
   * Size of the temporary folder.
   */
  tmp?: string;
}
/**
 * Which servers may run without isolation (--isolation none), and for whom. Empty lists mean none and nobody.
 */
export interface IsolationNone {
  servers: Patterns2;
  users?: Patterns3;
}
/**
 * With allow, only what fits is allowed; what fits deny is refused in any case.
 */
export interface Globs2 {
  allow?: Patterns;
  deny?: Patterns1;
}
/**
 * A program: the call on its standard input, the decision on its standard output, both JSON.
 */
export interface ExecInterceptor {
  /**
   * Absolute path of the program, and its arguments.
   *
   * @minItems 1
   * @maxItems 50
   */
  command: string[];
}
/**
 * A service: the call is posted to it, its answer is the decision.
 */
export interface HttpInterceptor {
  /**
   * Where to post to; https, or http on this machine.
   */
  url: string;
  /**
   * File with a bearer token for it.
   */
  tokenFile?: string;
}
/**
 * What happens to arguments and results that hold something with the shape of a credential. The values of the profile's own secrets are redacted always.
 */
export interface PolicyScan {
  /**
   * Arguments of calls; redact when absent.
   */
  arguments?: 'off' | 'report' | 'redact' | 'refuse';
  /**
   * Results of calls; redact when absent.
   */
  results?: 'off' | 'report' | 'redact' | 'refuse';
}
/**
 * The audit log.
 */
export interface PolicyAudit {
  /**
   * No call without a line in the audit log: it cannot be turned off, and calls are refused when it cannot be written.
   */
  required?: boolean;
}

/**
 * A text, number, yes or no, or a list of texts.
 *
 * @maxItems 200
 */
export type ProfileParameter = string | number | boolean | string[];
/**
 * Reference of a password manager, such as op://VAULT/ITEM/FIELD.
 */
export type SecretReference = string;

/**
 * A named set of servers with their settings: NAME.yaml in the folder profiles of the configuration, or a file that a project commits. It holds no secret.
 */
export interface Profile {
  /**
   * What the profile is for, in one sentence.
   */
  description?: string;
  /**
   * Names of the catalogs that servers come from, in the order in which they are asked; all that were added when absent. `portolan catalog ls` lists the names.
   *
   * @minItems 1
   * @maxItems 20
   */
  catalogs?: string[];
  /**
   * The servers by name.
   */
  servers?: {
    [k: string]: ProfileServer;
  };
}
/**
 * What is set for one server; an empty map takes it as it is.
 */
export interface ProfileServer {
  /**
   * Exact version. When absent, `portolan update` moves on to the newest one.
   */
  version?: string;
  /**
   * Values of the parameters that the server declares, by name. `portolan show SERVER` lists them.
   */
  parameters?: {
    [k: string]: ProfileParameter;
  };
  /**
   * References to a password manager by the name of the secret, never values. What `portolan secret set` keeps in the vault needs no line here.
   */
  secrets?: {
    [k: string]: SecretReference;
  };
  tools?: ToolSwitches;
  /**
   * What keeps the server in its box, whatever the command line says; the best that the machine has when absent. A profile cannot turn isolation off.
   */
  isolation?: 'container' | 'bubblewrap';
}
/**
 * Which tools are offered; all when absent.
 */
export interface ToolSwitches {
  /**
   * Only these tools are offered; * stands for any text.
   *
   * @maxItems 500
   */
  enable?: string[];
  /**
   * These tools are not offered, also when `enable` names them; * stands for any text.
   *
   * @maxItems 500
   */
  disable?: string[];
}

/**
 * Exactly what the servers of a profile were when they were added or updated: NAME.lock.json beside the profile. Written by Portolan, committed with the profile.
 */
export interface ProfileLock {
  /**
   * Version of this format.
   */
  lockVersion: 1;
  /**
   * The locked servers by name.
   */
  servers: {
    [k: string]: LockedServer;
  };
}
/**
 * One server, down to its digests.
 */
export interface LockedServer {
  /**
   * Version of the entry.
   */
  version: string;
  /**
   * Digest of the signed artifact, which fixes all that follows.
   */
  digest: string;
  /**
   * Digest of the signed tools, as canonical JSON; absent when tools are listed live.
   */
  tools?: string;
  /**
   * Digest of the container image.
   */
  image?: string;
  /**
   * Digest of the package-lock.json of an npm server.
   */
  npmLock?: string;
  /**
   * URL of a remote server as its entry has it.
   */
  endpoint?: string;
  catalog: LockedCatalog;
  /**
   * Who signed the artifact, in words.
   */
  signer: string;
}
/**
 * The catalog that the server was found in.
 */
export interface LockedCatalog {
  /**
   * Source of the catalog.
   */
  source: string;
  /**
   * Number of the catalog.
   */
  number: number;
}
