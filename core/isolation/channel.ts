/** Any JSON-RPC 2.0 message, as parsed JSON. */
export interface JsonRpcMessage {
  jsonrpc: '2.0';
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

/**
 * An open conversation with one MCP server, message by message and in order. The isolation drivers
 * give one for a stdio server, the upstream HTTP client gives one for a remote server.
 */
export interface Channel {
  /** Resolves when the transport can take more (backpressure); rejects when it is closed. */
  send(message: JsonRpcMessage): Promise<void>;
  /** Called for each message, in the order in which the server sent them. Set it before sending. */
  onMessage: (message: JsonRpcMessage) => void;
  /** Called once; `reason` is absent after an orderly end. */
  onClose: (reason?: Error) => void;
  /** Ends the conversation; resolves when the process, container and network behind it are gone. */
  close(): Promise<void>;
  /** The process's recent stderr, for error messages; secrets already redacted. */
  readonly diagnostics?: () => string;
  /** Stops reading from the server, so that it waits; for a receiver that cannot keep up. */
  readonly pause?: () => void;
  /** Reads on. */
  readonly resume?: () => void;
  /** How the server behind it was started; absent for a remote server. */
  readonly info?: LaunchInfo;
}

/** How a local server was started. Holds no secret: variables that hold one appear as names only. */
export interface LaunchInfo {
  /** The isolation in force. */
  readonly driver: 'container' | 'bubblewrap' | 'none' | 'kubernetes';
  /** Container engine, e.g. `podman`; absent without one. */
  readonly engine?: string;
  /** The exact command, program first. */
  readonly command: readonly string[];
  /** Process id of the engine client or of the server itself; 0 for a pod, or a container that has no client process here. */
  readonly pid: number;
  /** What holds less than it should on this machine, in words. */
  readonly notes: readonly string[];
}
