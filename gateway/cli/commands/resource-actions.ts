import { isObject } from '../../relay/protocol.ts';
import { visible } from '../../relay/render-diff.ts';
import type { Definition } from '../../relay/upstream.ts';
import { guardOneCall } from '../one-call.ts';
import { chooseServer, type ServerOptions, withServer } from '../one-server.ts';
import { print, table } from '../print.ts';
import { resourceText } from '../render-result.ts';
import { style } from '../style.ts';

export async function listResources(text: string, options: ServerOptions): Promise<void> {
  const { upstream } = await chooseServer(text, options);
  const offer = await withServer(upstream, async ({ list }) => ({
    resources: (await list('resources')).items,
    // A server that knows no templates says so with an error.
    resourceTemplates: (await list('resourceTemplates').catch(() => ({ items: [] }))).items,
  }));
  const { resources, resourceTemplates } = offer;
  print(options.json, offer, () =>
    resources.length + resourceTemplates.length === 0
      ? `${upstream.name} offers no resources.`
      : table([
          ...resources.map((one) => row(one, one.uri)),
          ...resourceTemplates.map((one) => row(one, one.uriTemplate)),
        ]),
  );
}

export async function readResource(
  text: string,
  uri: string,
  options: ServerOptions,
): Promise<void> {
  const chosen = await chooseServer(text, options);
  const guard = await guardOneCall(chosen, 'resources/read', uri);
  const result = await withServer(chosen.upstream, ({ ask }) =>
    guard({}, () => ask('resources/read', { uri })),
  );
  print(options.json, result, () =>
    (Array.isArray(result.contents) ? result.contents : [])
      .filter(isObject)
      .map(resourceText)
      .join('\n'),
  );
}

function row(definition: Definition, place: unknown): readonly string[] {
  return [
    style.bold(visible(String(place))),
    visible(String(definition.mimeType ?? '')),
    visible(String(definition.title ?? definition.name ?? '')),
  ];
}
