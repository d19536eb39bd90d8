/** A server's way out of its box: a folder to mount and the variables that point to it. */
export interface Egress {
  /** Holds the socket of the proxy and the forwarder; mounted read-only. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}
