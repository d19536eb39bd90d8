import type { CatalogList } from '../../api/catalog.ts';
import type { PolicyView, Verdict } from '../../api/policy.ts';
import { ask, path } from '../api.ts';
import { fill, h, plural, prose } from '../dom.ts';
import { field, form } from '../parts/field.ts';
import { chip, empty, head } from '../parts/show.ts';
import type { Page, View } from '../view.ts';

export const policyPage: Page = {
  title: 'Policy',
  icon: 'M10 2.5 4 5v4.5c0 4 2.5 6.5 6 8 3.5-1.5 6-4 6-8V5zM7.5 10l2 2 3.5-4',
  open: (view) =>
    view.follow(['catalogs'], async () => {
      const policy = await ask<PolicyView>('/api/policy', view.signal);
      const { servers } = await ask<CatalogList>('/api/catalog', view.signal);
      view.show(
        head(
          'Policy',
          'What may be used on this machine. The organisation’s file stands above yours; of both the stricter wins.',
        ),
        policy.policies.length === 0
          ? empty(
              'No policy applies',
              'Every server of your catalogs may be used. To restrict that, write one of these files; the guide on policies says how.',
              h(
                'ul',
                { class: 'paths' },
                policy.lookedFor.map(({ owner, path: file }) =>
                  h('li', {}, h('code', {}, file), ` (${owner})`),
                ),
              ),
            )
          : [
              h(
                'p',
                {},
                h('strong', {}, plural(policy.allowed, 'server is', 'servers are')),
                ' allowed, ',
                h('strong', {}, plural(policy.refused.length, 'is', 'are')),
                ' refused by name or catalog.',
              ),
              h(
                'ul',
                { class: 'stack' },
                policy.policies.map(({ owner, path: file, policy: rules }) =>
                  h(
                    'li',
                    { class: 'panel item' },
                    h(
                      'div',
                      { class: 'item-head' },
                      h('h2', {}, owner === 'user' ? 'Yours' : 'The organisation’s'),
                      h('code', { class: 'small muted' }, file),
                    ),
                    h(
                      'pre',
                      { tabindex: 0, role: 'region', 'aria-label': `Rules of ${file}` },
                      JSON.stringify(rules, null, 2),
                    ),
                  ),
                ),
              ),
              refusedList(policy.refused),
            ],
        servers.length > 0 &&
          tester(
            view,
            servers.map(({ name }) => name),
          ),
      );
    }),
};

function refusedList(refused: readonly Verdict[]) {
  return (
    refused.length > 0 &&
    h(
      'section',
      { 'aria-labelledby': 'refused' },
      h('h2', { id: 'refused' }, 'Refused'),
      h(
        'ul',
        { class: 'rows' },
        refused.map(({ server, reason = '' }) =>
          h(
            'li',
            {},
            h('a', { href: path`/server/${server}` }, server),
            h('p', { class: 'small muted' }, reason),
          ),
        ),
      ),
    )
  );
}

/** What the policy makes of one server or tool, as `portolan policy test` says it. */
function tester(view: View, names: readonly string[]): HTMLElement {
  const server = field('Server', {
    required: true,
    choices: names.map((name) => [name, name] as const),
  });
  const tool = field('Tool', { hint: 'One of its tools, or empty for the server itself.' });
  const outcome = h('div', { role: 'status' });
  return h(
    'section',
    { class: 'panel item', 'aria-labelledby': 'test' },
    h('h2', { id: 'test' }, 'Ask the policy'),
    form([server.element, tool.element], 'Ask', async () => {
      const name = server.input.value;
      const one = tool.input.value.trim();
      const verdict = await ask<Verdict>(
        one ? path`/api/policy/${name}/${one}` : path`/api/policy/${name}`,
        view.signal,
      );
      fill(
        outcome,
        h(
          'p',
          { class: verdict.allowed ? 'notice good' : 'notice bad' },
          chip(verdict.allowed ? 'allowed' : 'refused', verdict.allowed ? 'good' : 'bad'),
          ' ',
          verdict.allowed
            ? `No rule is against ${one ? `${one} of ${name}` : name}.`
            : prose(verdict.reason ?? ''),
        ),
      );
    }),
    outcome,
  );
}
