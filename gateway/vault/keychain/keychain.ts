/** A store of the operating system for short texts, reached through a program. */
export interface Keychain {
  /** `docker-credential-NAME`, `secret-tool` or `security`; written into the vault's file. */
  readonly name: string;
  get(id: string): Promise<string | undefined>;
  set(id: string, value: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Whether it answers here and now. */
  answers(): Promise<boolean>;
}

/** How programs are run for a keychain. */
export interface KeychainTools {
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds; long enough for a person to unlock the keychain. */
  readonly timeout: number;
}
