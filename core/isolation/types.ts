import type { ResolvedEntry } from '../entry/resolve.ts';
import type { ServerEntry } from '../entry/types.generated.ts';
import type { Detected } from './detect.ts';
import type { HostResolver } from './egress/address.ts';
import type { EngineName } from './engines.ts';
import type { NpmTree } from './npm-tree.ts';

export type DriverName = 'container' | 'bubblewrap' | 'none' | 'kubernetes';

/** What is to run: a verified entry, its templates filled, and for an npm entry its tree. */
export interface LaunchPlan {
  readonly entry: ServerEntry;
  readonly resolved: ResolvedEntry;
  readonly tree?: NpmTree;
}

/** How a user or an organisation wants servers to run. */
export interface IsolationOptions {
  /** `auto`: a container engine for images; bubblewrap, else an engine, for npm trees. */
  readonly isolation?: 'auto' | DriverName;
  /** Only this engine. */
  readonly engine?: EngineName;
  /** Image with a `node` program that runs npm trees in a container; pinned by digest. */
  readonly nodeImage?: string;
  /** Folders that volumes may lie in besides the usual ones; absolute. */
  readonly allowedPaths?: readonly string[];
  /** Folder for sockets and run records, private to the user and short; default: see run-folder. */
  readonly runDir?: string;
  /** Who owns the processes that are started, e.g. a gateway's id; label of its containers. */
  readonly owner?: string;
  /** Where and how pods run, with `kubernetes`. */
  readonly kubernetes?: {
    /** Namespace of the servers; that of the current context when absent. */
    readonly namespace?: string;
    /** PersistentVolumeClaim that holds the gateway's cache, for npm trees. */
    readonly npmClaim?: string;
  };
  /** Environment that engines and tools are looked up in and run with. */
  readonly env?: NodeJS.ProcessEnv;
  /** What the machine can do, when that was found out before. */
  readonly detected?: Detected;
  /** Warnings and progress for the log. */
  readonly onNotice?: (text: string) => void;
  /** Each line that a server writes to stderr, without its secrets. */
  readonly onOutput?: (server: string, line: string) => void;
}

export interface LaunchOptions extends IsolationOptions {
  /** Largest message of a server, in bytes; 64 MiB. */
  readonly maxMessageBytes?: number;
  /** How long a server may take to leave by itself, then again after TERM, in ms; 1500. */
  readonly graceMs?: number;
  /** Gives up a start that takes too long. */
  readonly signal?: AbortSignal;
  /** Milliseconds that a pod may take until its server runs; 180,000. */
  readonly podStartMs?: number;
  /** Looks up a host for the egress proxy; the system's resolver by default. */
  readonly resolveHost?: HostResolver;
}
