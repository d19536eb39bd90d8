declare const PORTOLAN_VERSION: string | undefined;

/** Version of this build; set by the bundler. */
export const version: string =
  typeof PORTOLAN_VERSION === 'string' ? PORTOLAN_VERSION : '0.0.0-source';
