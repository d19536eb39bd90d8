// Loaded with the catalog index, when someone begins to search.
export { createSearch } from '../../../scripts/site/search.ts';
