import type { CapturedTools } from '../../core/entry/types.generated.ts';
import type { Channel } from '../../core/isolation/channel.ts';
import type { ListKeeper } from './kept-lists.ts';
import type { Era } from './protocol.ts';

/** What the relay hands to an upstream when it opens a conversation. */
export interface OpenContext {
  /** Aborted when the start takes too long or the gateway closes. */
  readonly signal: AbortSignal;
  /** Present when the conversation belongs to one client only; opaque. */
  readonly session?: string;
}

/**
 * One MCP server as the relay sees it: what was signed about it, and how to open a conversation
 * with it. Composed by the CLI from a verified entry, the user's profile and an isolation driver.
 */
export interface Upstream {
  /** Name of the entry; prefix of colliding tools and prompts. */
  readonly name: string;
  /**
   * Changes whenever the conversation must be opened anew: artifact digest, parameters, grants.
   * `setUpstreams` keeps servers running whose fingerprint stays the same.
   */
  readonly fingerprint: string;
  /** Digest of the signed artifact, for the audit log. */
  readonly digest?: string;
  /** The signed definitions; absent for a dynamic server, which is listed live. */
  readonly signed?: CapturedTools;
  /** Why the user does not want a tool of it, for lists and calls; undefined when it is offered. */
  readonly toolRefusal?: (tool: string) => string | undefined;
  /** Changes with what `toolRefusal` says. */
  readonly offer?: string;
  /** Keeps the lists of a server without signed definitions, so that a restart does not start it. */
  readonly lists?: ListKeeper;
  /** True when each client session needs a conversation of its own. */
  readonly stateful: boolean;
  /**
   * Ways of speaking that the server is known to have, preferred first. Without it a local server
   * is greeted with `initialize` first, because servers exist that exit on any other message.
   */
  readonly eras?: readonly Era[];
  /** Opens a conversation; rejects when the server cannot be started or reached. */
  open(context: OpenContext): Promise<Channel>;
  /** Begins a sign-in at a remote server, or joins the one that is under way. */
  readonly signIn?: () => Promise<BegunSignIn>;
  /** Milliseconds from opening to the end of the handshake and the first tool list; 60,000. */
  readonly startTimeoutMs?: number;
  /** Milliseconds without a result or progress until a call is given up; 300,000. */
  readonly callTimeoutMs?: number;
  /** Milliseconds without a call until the server is stopped; 600,000; 0 keeps it. */
  readonly idleStopMs?: number;
}

/** A sign-in that waits for a person with a browser on this machine. */
export interface BegunSignIn {
  /** Where the person goes; absent when somebody has signed in meanwhile. */
  readonly url?: string;
  /** The tokens are in the vault; rejects when the sign-in failed or took too long. */
  readonly done: Promise<void>;
}

/** Lists of a live server, as it sent them, every page. */
export interface LiveLists {
  readonly tools: readonly Definition[];
  readonly prompts: readonly Definition[];
  readonly resources: readonly Definition[];
  readonly resourceTemplates: readonly Definition[];
}

/** A tool, prompt, resource or template as JSON; the relay looks at names and URIs only. */
export type Definition = Record<string, unknown>;
