import { serverPagePath } from '../../core/registry-api/page-address.ts';
import type { ListItem, ServerPage, SiteData } from './model.ts';

/** A server's page as Markdown, for models and for people who prefer it. */
export function serverMarkdown({ item, entry, tools, digest }: ServerPage, site: SiteData): string {
  const { status } = entry;
  const secrets = entry.secrets ?? [];
  const parameters = Object.entries(entry.parameters?.properties ?? {});
  return `${[
    `# ${inline(item.title)}`,
    inline(item.description),
    status && status.state !== 'active'
      ? `**${status.state}**: ${inline(status.reason ?? '')}${status.replacement ? ` Use \`${status.replacement}\` instead.` : ''}`
      : '',
    [
      `- Name: \`${item.name}\``,
      `- Version: ${item.version}`,
      `- Publisher: ${inline(entry.publisher.name)} <${entry.publisher.url}> (${item.verified ? `verified: ${item.verified}` : 'not verified'})`,
      `- License: ${item.license}`,
      `- Kind: ${item.kind}`,
      `- Network: ${networkText(entry)}`,
      ...(entry.permissions?.volumes ?? []).map(
        ({ path, access }) => `- Folder: \`${path}\` (${access})`,
      ),
      `- Digest: \`${digest}\``,
    ].join('\n'),
    `## Install\n\n    npx -y portolan run --servers ${item.name}`,
    secrets.length + parameters.length
      ? `## Settings\n\n${[
          ...secrets.map(
            ({ name, description, required, url }) =>
              `- \`${name}\` (secret${required === false ? '' : ', required'}): ${inline(description)}${url ? ` <${url}>` : ''}`,
          ),
          ...parameters.map(
            ([name, { type, description }]) =>
              `- \`${name}\` (${type}${entry.parameters?.required?.includes(name) ? ', required' : ''}): ${inline(description)}`,
          ),
        ].join('\n')}`
      : '',
    tools.length
      ? `## Tools\n\n${tools.map(({ name, description }) => `- \`${inline(name)}\`: ${inline(description?.split('\n')[0] ?? '')}`).join('\n')}`
      : '',
    site.origin ? `Source: ${site.origin}/${serverPagePath(item.name, site.huge)}` : '',
  ]
    .filter(Boolean)
    .join('\n\n')}\n`;
}

/** llms.txt (llmstxt.org): what the site is and where its parts are, for models. */
export function llmsText(site: SiteData, list: readonly ListItem[]): string {
  const origin = site.origin ?? '';
  const offered = list.filter(({ status }) => status !== 'withdrawn');
  const server = ({ name, title, description }: ListItem) =>
    `- [${inline(title)}](${origin}/servers/${name}/server.md): ${inline(description)}`;
  const lines = site.large
    ? site.categories.map(
        ({ id, title, count }) => `- [${title}](${origin}/categories/${id}/): ${count} servers`,
      )
    : offered.map(server);
  return `# ${site.title}\n\n> ${site.description}\n\nRun a server with \`npx -y portolan run --servers NAME\`. ${twins(site)}\n\n## ${site.large ? 'Categories' : 'Servers'}\n\n${lines.join('\n')}\n\n## Documentation\n\n- [Documentation](${origin}/docs/)\n- [How to add a server](${origin}/contribute/)\n`;
}

function twins({ large, huge, origin = '' }: SiteData): string {
  if (huge)
    return `The page of a server, ${origin}/${serverPagePath('NAME', true)}, needs JavaScript; \`npx -y portolan show NAME --json\` prints the same.`;
  return large ? 'Each page has a JSON twin.' : 'Each page has a JSON and a Markdown twin.';
}

/** One line that cannot start Markdown of its own. */
const inline = (text: string) => text.replace(/\s+/g, ' ').replace(/([\\`*_[\]<>])/g, '\\$1');

function networkText({ permissions, remote }: ServerPage['entry']): string {
  if (remote) return `hosted at ${remote.url}`;
  const network = permissions?.network ?? 'none';
  return network === 'none' ? 'none' : network.allow.join(', ');
}
