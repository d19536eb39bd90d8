import type { ListItem, SiteData } from '../../../scripts/site/model.ts';
import { messages as m } from '../messages.ts';

interface Chart {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

/** The numbers of the statistics page. Ages count from the catalog's newest publication. */
export function statisticsOf(servers: readonly ListItem[], site: SiteData) {
  const share = (holds: (item: ListItem) => boolean) =>
    servers.length ? `${Math.round((servers.filter(holds).length / servers.length) * 100)}%` : '–';
  const tools = servers.reduce((sum, { toolNames }) => sum + toolNames.length, 0);
  const words = m.statistics;
  const numbers = [
    { label: words.servers, value: servers.length.toLocaleString('en') },
    { label: words.tools, value: tools.toLocaleString('en') },
    { label: words.signed, value: share(({ signature }) => signature.kind !== 'none') },
    { label: words.pinned, value: share(({ kind }) => kind !== 'remote') },
    { label: words.captured, value: share(({ dynamicTools }) => !dynamicTools) },
    { label: words.verified, value: share(({ verified }) => verified !== undefined) },
    { label: words.noNetwork, value: share(({ network }) => network === 'none') },
    { label: words.noSignIn, value: share(({ signIn }) => signIn === 'none') },
  ];
  const charts: Chart[] = [
    { title: words.byKind, bars: count(servers, ({ kind }) => m.kinds[kind]) },
    { title: words.byNetwork, bars: count(servers, ({ network }) => m.network[network]) },
    { title: words.bySignIn, bars: count(servers, ({ signIn }) => m.signIn[signIn]) },
    { title: words.byTools, bars: toolBands(servers) },
    {
      title: words.byCategory,
      bars: site.categories
        .map(({ title, count: value }) => ({ label: title, value }))
        .sort((a, b) => b.value - a.value),
    },
    { title: words.byLicense, bars: count(servers, ({ license }) => license).slice(0, 10) },
    { title: words.byAge, bars: ageBands(servers) },
  ];
  return { numbers, charts: charts.filter(({ bars }) => bars.length > 0) };
}

function count(servers: readonly ListItem[], labelOf: (item: ListItem) => string): Chart['bars'] {
  const counts = new Map<string, number>();
  for (const server of servers) {
    const label = labelOf(server);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts]
    .map(([label, value]) => ({ label, value }))
    .sort((a, b) => b.value - a.value || a.label.localeCompare(b.label));
}

function bands(
  values: readonly number[],
  limits: readonly (readonly [label: string, most: number])[],
): Chart['bars'] {
  return limits.map(([label, most], index) => ({
    label,
    value: values.filter((value) => value <= most && value > (limits[index - 1]?.[1] ?? -1)).length,
  }));
}

const toolBands = (servers: readonly ListItem[]) =>
  bands(
    servers.filter(({ dynamicTools }) => !dynamicTools).map(({ toolNames }) => toolNames.length),
    m.statistics.toolBands,
  );

function ageBands(servers: readonly ListItem[]): Chart['bars'] {
  const dates = servers.flatMap(({ updated }) => (updated ? [Date.parse(updated)] : []));
  if (dates.length === 0) return [];
  const newest = Math.max(...dates);
  return bands(
    dates.map((date) => (newest - date) / 86_400_000),
    m.statistics.ageBands,
  );
}
