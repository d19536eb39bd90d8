import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { describePermissions } from '../../core/entry/describe-permissions.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { describeSigner } from '../../core/trust/verify.ts';
import { visible } from '../relay/render-diff.ts';
import { table } from './print.ts';

/** Everything about a server for people: what it does, may touch and needs, its tools, where it comes from. */
export function describeServer(server: VerifiedServer, source: string): string {
  const { entry, tools } = server;
  const rows: [string, string][] = [
    ['Version', entry.version],
    [
      'Publisher',
      `${entry.publisher.name}${entry.publisher.verified ? ' (verified)' : ''}  ${entry.publisher.url}`,
    ],
    ['License', entry.license],
    ['Runs', runsAs(entry)],
    ['Network', networkOf(entry)],
    ...(entry.permissions?.volumes ?? []).map(({ path, access }): [string, string] => [
      'Files',
      `${path} (${access})`,
    ]),
    ...Object.entries(entry.parameters?.properties ?? {}).map(
      ([name, { type, description }]): [string, string] => [
        'Parameter',
        `${name} (${type}${entry.parameters?.required?.includes(name) ? ', required' : ''}): ${description}`,
      ],
    ),
    ...(entry.secrets ?? []).map(({ name, description, required, url }): [string, string] => [
      'Secret',
      `${name}${required === false ? ' (optional)' : ''}: ${description}${url ? `  ${url}` : ''}`,
    ]),
    ...restOf(entry),
    ...provenanceOf(server, source),
  ];
  const status = entry.status && entry.status.state !== 'active' ? entry.status : undefined;
  return [
    `${entry.title}  (${entry.name})`,
    ...(status
      ? [
          `${status.state.toUpperCase()}: ${status.reason}${status.replacement ? ` Use ${status.replacement} instead.` : ''}`,
        ]
      : []),
    visible(entry.description),
    '',
    table(rows.map(([label, text]) => [label, visible(text)])),
    '',
    tools
      ? `Tools (${tools.tools.length})\n${table(
          tools.tools.map(({ name, description }) => [
            `  ${visible(name)}`,
            visible(String(description ?? '').split('\n')[0] ?? ''),
          ]),
        )}`
      : `Tools are listed live: ${entry.tools === 'static' ? 'none were captured' : entry.tools.dynamic}`,
  ].join('\n');
}

function runsAs({ npm, container, remote }: ServerEntry): string {
  if (npm) return `here, from the npm package ${npm.package}@${npm.version}`;
  if (container) return `here, from the image ${container.image}`;
  return `elsewhere, at ${remote?.url}`;
}

function networkOf({ permissions, remote }: ServerEntry): string {
  if (remote) return new URL(remote.url).host;
  const network = permissions?.network;
  return !network || network === 'none' ? 'none' : network.allow.join(', ');
}

/** Sign-in, state, programs and limits, in the words of the site. */
function restOf(entry: ServerEntry): [string, string][] {
  const signIn = entry.remote?.oauth;
  const optional = signIn?.required === false ? ' (optional)' : '';
  return [
    ...(signIn
      ? [['Sign-in', `OAuth${optional}: portolan auth login ${entry.name}`] as [string, string]]
      : []),
    ...describePermissions(entry)
      .filter(({ icon }) => icon === 'state' || icon === 'limits')
      .map(({ icon, title, why }): [string, string] =>
        icon === 'limits' ? [title, why ?? ''] : ['Also', why ? `${title}: ${why}` : title],
      ),
  ];
}

/** From where it came, and who vouches for it. */
function provenanceOf(
  { entry, tools, descriptor, evidence }: VerifiedServer,
  source: string,
): [string, string][] {
  const { repository = entry.links.source, commit, subfolder } = entry.source ?? {};
  return [
    ...(repository
      ? [
          [
            'Source',
            [repository, commit && `at ${commit}`, subfolder && `in ${subfolder}`]
              .filter(Boolean)
              .join(' '),
          ] as [string, string],
        ]
      : []),
    ...(entry.npm ? [['Pinned to', entry.npm.integrity] as [string, string]] : []),
    ...(tools?.capturedFrom
      ? [['Tools from', `a run of ${tools.capturedFrom}`] as [string, string]]
      : []),
    ['Catalog', source],
    ['Digest', descriptor.digest],
    ['Signed by', describeSigner(evidence.signer)],
    ...(evidence.logIndex === undefined
      ? []
      : [['In the log', `entry ${evidence.logIndex} of Sigstore's`] as [string, string]]),
  ];
}
