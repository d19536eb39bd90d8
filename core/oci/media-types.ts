/** Media types of what Portolan publishes. docs/formats.md explains each. */
export const SERVER_ARTIFACT = 'application/vnd.portolan.server.v1+json';
export const CATALOG_ARTIFACT = 'application/vnd.portolan.catalog.v1+json';
export const FRESHNESS_ARTIFACT = 'application/vnd.portolan.freshness.v1+json';
export const PROFILE_ARTIFACT = 'application/vnd.portolan.profile.v1+json';

export const ENTRY_LAYER = 'application/vnd.portolan.server.entry.v1+json';
export const TOOLS_LAYER = 'application/vnd.portolan.server.tools.v1+json';
export const LOCK_LAYER = 'application/vnd.portolan.server.npm-lock.v1+json';
export const README_LAYER = 'text/markdown';
export const ICON_LAYER = 'image/svg+xml';
/** Bill of materials of an npm server, made from its lockfile. */
export const SBOM_LAYER = 'application/vnd.cyclonedx+json';
export const CATALOG_LAYER = 'application/vnd.portolan.catalog.index.v1+json';
export const FRESHNESS_LAYER = 'application/vnd.portolan.freshness.statement.v1+json';
export const PROFILE_LAYER = 'application/vnd.portolan.profile.v1+yaml';
export const PROFILE_LOCK_LAYER = 'application/vnd.portolan.profile.lock.v1+json';
