const split = (text: string) => text.trim().split(/\s+/);

/** Vocabulary of generated entries: words that real catalogs are full of. */
export const PRODUCTS = split(`
  Aurora Basalt Cobalt Drift Ember Fjord Granite Harbor Indigo Juniper Krill Lagoon Meadow Nimbus
  Orchard Pylon Quartz Raven Saffron Tundra Umber Velvet Willow Xenon Yarrow Zephyr Anchor Beacon
  Compass Delta Estuary Flint Glacier Heron Islet Jetty Keel Lantern Mooring Narwhal Osprey Plover
  Quay Rudder Schooner Tiller Undertow Vessel Wharf Sextant Portside Ballast Capstan Davit Fathom`);
export const SUFFIXES = split(`
  Cloud Docs Search Mail Sheets Board Metrics Logs Vault Store Graph Maps Studio Forms Queue Pages
  Ledger Desk Notes Chat Calendar Files Images Deploy Builder Monitor Ops Data Query Insights`);
export const VERBS = split(`
  list get search create update delete export import analyze convert validate summarize compare
  schedule archive render publish sync inspect query`);
export const NOUNS = split(`
  issues documents pages invoices tables dashboards alerts messages events deployments branches
  reviews datasets contacts tickets images routes budgets sessions snapshots functions pipelines
  tags records comments reports templates folders permissions releases`);
export const FIELDS = split(`
  id query limit cursor project workspace path format language region start_date end_date status
  owner filter sort fields dry_run include_archived timeout label title body recipient depth`);
export const TAGS = split(`
  api automation rest graphql sql vector rag email calendar kubernetes docker github payments
  analytics testing scraping pdf markdown charts images audio video maps weather crm cms seo
  security identity logs traces iot storage backup translation research`);
export const LICENSES = split('MIT Apache-2.0 BSD-3-Clause ISC MPL-2.0 GPL-3.0-only');
