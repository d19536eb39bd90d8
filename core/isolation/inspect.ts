import { join } from 'node:path';
import { makeCgroups } from './cgroups.ts';
import { chooseDriver } from './choose.ts';
import { composeCommand } from './compose.ts';
import { detectIsolation } from './detect.ts';
import { planEgress } from './egress/open-egress.ts';
import type { EngineName } from './engines.ts';
import { shownCommand } from './prepared.ts';
import { defaultRunDir } from './run-folder.ts';
import type { DriverName, IsolationOptions, LaunchPlan } from './types.ts';
import { currentPlaces, resolveVolumes } from './volumes.ts';

/** Something that a server may use, and the field of its entry that says so. */
export interface Grant {
  readonly kind: 'network' | 'volume' | 'variable' | 'secret' | 'resource';
  /** Field of the entry, e.g. `permissions.network.allow[0]`. */
  readonly field: string;
  /** In words, e.g. `api.example.com:443`. Never a secret's value. */
  readonly detail: string;
}

/** What would happen at a launch. */
export interface Inspection {
  readonly driver: DriverName;
  readonly engine?: EngineName;
  /** The exact command; ID stands for what is new at each launch, `<secret>` for a secret. */
  readonly command: readonly string[];
  readonly grants: readonly Grant[];
  /** What holds less than it should on this machine. */
  readonly notes: readonly string[];
}

/** Says what a launch of a plan would run and grant, without starting or creating anything. */
export async function inspectPlan(
  plan: LaunchPlan,
  options: IsolationOptions = {},
): Promise<Inspection> {
  if (options.isolation === 'kubernetes') return inspectPod(plan, options);
  const { entry, resolved } = plan;
  const detected = options.detected ?? (await detectIsolation(options));
  const choice = chooseDriver(plan, detected, options.isolation, options.engine);
  const volumes = resolveVolumes(entry.name, resolved.volumes, currentPlaces(options.allowedPaths));
  const folder = join(options.runDir ?? defaultRunDir(options.env), 'ID');
  const lowPorts = choice.driver !== 'bubblewrap' || choice.bubblewrap.lowPorts;
  const egress =
    resolved.network.length > 0 && choice.driver !== 'none'
      ? {
          ...planEgress(resolved.network, lowPorts),
          folder: join(folder, 'egress'),
          ready: Promise.resolve(),
          accept: () => {},
          close: async () => {},
        }
      : undefined;
  const cgroups = makeCgroups('ID', resolved.resources, options.env, true);
  const prepared = composeCommand(
    plan,
    choice,
    { id: 'ID', folder, volumes, egress, cgroups },
    options,
  );
  return {
    driver: prepared.driver,
    ...(prepared.engine ? { engine: prepared.engine } : {}),
    command: shownCommand(prepared),
    grants: grantsOf(plan),
    notes: prepared.notes,
  };
}

/** The objects as JSON, which is what their own tools show; NAME@ID as in every other command. */
async function inspectPod(plan: LaunchPlan, options: IsolationOptions): Promise<Inspection> {
  const [{ podPartsOf }, { networkPolicyOf, podOf }] = await Promise.all([
    import('./kubernetes/launch-pod.ts'),
    import('./kubernetes/objects.ts'),
  ]);
  const parts = podPartsOf(plan, options, 'ID');
  const items = [networkPolicyOf(parts), podOf(plan, parts)];
  return {
    driver: 'kubernetes',
    command: ['kubectl', 'create', JSON.stringify({ apiVersion: 'v1', kind: 'List', items })],
    grants: grantsOf(plan),
    notes: [
      'The network is closed only where the cluster enforces NetworkPolicy; the number of processes is limited by the node, not by the pod.',
    ],
  };
}

/** Everything that an entry and its settings grant, in the order of the entry's fields. */
export function grantsOf({ entry, resolved }: LaunchPlan): Grant[] {
  const { network, volumes, resources } = entry.permissions ?? {};
  const allow = network === undefined || network === 'none' ? [] : network.allow;
  const sizes = Object.entries(resolved.resources).map(([name, value]): Grant => {
    const declared = resources !== undefined && Object.hasOwn(resources, name);
    const text = name === 'memory' || name === 'tmp' ? `${value / 2 ** 20} MiB` : String(value);
    const field = `permissions.resources${declared ? `.${name}` : ' (default)'}`;
    return { kind: 'resource', field, detail: `${name} ${text}` };
  });
  return [
    ...Object.entries(resolved.env).map(
      ([name, value]): Grant => ({
        kind: 'variable',
        field: `env.${name}`,
        detail: `${name}=${value}`,
      }),
    ),
    ...Object.keys(resolved.secretEnv).map(
      (name): Grant => ({ kind: 'secret', field: `env.${name}`, detail: name }),
    ),
    ...resolved.network.map(({ host, port, chosenByUser }): Grant => {
      const detail = `${host}:${port}`;
      const index = allow.indexOf(detail);
      return {
        kind: 'network',
        field: `permissions.network.allow${index === -1 ? '' : `[${index}]`}`,
        detail: chosenByUser ? `${detail} (set by you)` : detail,
      };
    }),
    ...resolved.volumes.map(({ source, target, access }): Grant => {
      const index = (volumes ?? []).findIndex(
        (volume) => volume.access === access && (volume.target ?? target) === target,
      );
      return {
        kind: 'volume',
        field: `permissions.volumes${index === -1 ? '' : `[${index}]`}`,
        detail: `${source} at ${target}, ${access}`,
      };
    }),
    ...sizes,
  ];
}
