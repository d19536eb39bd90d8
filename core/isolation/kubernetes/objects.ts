import type {
  V1Container,
  V1NetworkPolicy,
  V1OwnerReference,
  V1Pod,
  V1Secret,
} from '@kubernetes/client-node';
import { BOX_USER, INSIDE } from '../bubblewrap.ts';
import { type EgressPlan, hostsOf } from '../egress/open-egress.ts';
import type { LaunchPlan } from '../types.ts';
import { netScript, probeScript } from './net-script.ts';

/** Names that the containers of a server's pod have. */
export const CONTAINER = { server: 'server', net: 'net' } as const;

/** What a pod is made from besides its plan. */
export interface PodParts {
  /** Name of the pod and of all that belongs to it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The server's own image, or the one with Node.js; by digest. */
  readonly image: string;
  /** The image with Node.js, for the forwarder. */
  readonly nodeImage: string;
  readonly egress: EgressPlan | undefined;
  /** Where the npm tree lies: a claim, and a folder in it. */
  readonly tree: { readonly claim: string; readonly folder: string } | undefined;
  /** The gateway's own pod, with which this one is to go. */
  readonly owner: V1OwnerReference | undefined;
}

/** As strict as the restricted Pod Security Standard, and stricter where it leaves a choice. */
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The pod of one server: nothing but what its entry declares. */
export function podOf({ entry, resolved, tree }: LaunchPlan, parts: PodParts): V1Pod {
  const { memory, cpus, tmp } = resolved.resources;
  const [user, group] = (entry.container?.user ?? `${BOX_USER}:${BOX_USER}`).split(':').map(Number);
  const env = { HOME: '/tmp', TMPDIR: '/tmp', ...parts.egress?.env, ...resolved.env };
  const { command, workdir } = entry.container ?? {};
  const program = tree
    ? { command: ['node'], args: [`${INSIDE.tree}/${tree.script}`, ...resolved.args] }
    : {
        ...(command && { command: command.slice(0, 1) }),
        args: [...(command ?? []).slice(1), ...resolved.args],
      };
  const server: V1Container = {
    name: CONTAINER.server,
    image: parts.image,
    imagePullPolicy: 'IfNotPresent',
    ...(program.command && { command: program.command.map(literal) }),
    args: program.args.map(literal),
    ...((tree || workdir) && { workingDir: tree ? '/tmp' : workdir }),
    env: Object.entries(env).map(([name, value]) => ({ name, value: literal(value) })),
    ...(hasSecrets(resolved) && { envFrom: [{ secretRef: { name: parts.name } }] }),
    stdin: true,
    // The server reads to the end of its input when our connection ends, and so leaves by itself.
    stdinOnce: true,
    resources: {
      limits: { memory: String(memory), cpu: String(cpus) },
      requests: { memory: String(memory), cpu: String(Math.min(cpus, 0.1)) },
    },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...(parts.tree
        ? [{ name: 'tree', mountPath: INSIDE.tree, subPath: parts.tree.folder, readOnly: true }]
        : []),
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadataOf(parts, parts.owner),
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 3,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: group,
        fsGroup: group,
        seccompProfile: { type: 'RuntimeDefault' },
        ...(parts.egress && {
          // The forwarder listens where clients of the server's hosts knock, 443 as a rule.
          sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
        }),
      },
      // No name server: names that the server may use are in its hosts file.
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['127.0.0.1'], options: [{ name: 'attempts', value: '1' }] },
      ...(parts.egress && { hostAliases: aliasesOf(parts.egress) }),
      ...(parts.egress && { initContainers: [netContainer(parts.nodeImage, parts.egress)] }),
      containers: [server],
      volumes: [
        { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: String(tmp) } },
        ...(parts.tree
          ? [
              {
                name: 'tree',
                persistentVolumeClaim: { claimName: parts.tree.claim, readOnly: true },
              },
            ]
          : []),
      ],
    },
  };
}

/** No connection to the pod and none from it: its way out is the API server's attach stream. */
export function networkPolicyOf(parts: PodParts): V1NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(parts, parts.owner),
    spec: {
      podSelector: { matchLabels: { [RUN_LABEL]: parts.name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    },
  };
}

/** The secret variables of a server; gone with its pod. */
export function secretOf(
  { resolved }: LaunchPlan,
  parts: PodParts,
  pod: V1OwnerReference,
): V1Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(parts, pod),
    type: 'Opaque',
    immutable: true,
    data: Object.fromEntries(
      Object.entries(resolved.secretEnv).map(([name, value]) => [
        name,
        Buffer.from(value).toString('base64'),
      ]),
    ),
  };
}

export function hasSecrets({ secretEnv }: LaunchPlan['resolved']): boolean {
  return Object.keys(secretEnv).length > 0;
}

/** Label that only one pod has. */
export const RUN_LABEL = 'dev.portolan.run';

function metadataOf({ name, labels }: PodParts, owner: V1OwnerReference | undefined) {
  return {
    name,
    labels: { ...labels, [RUN_LABEL]: name },
    ...(owner && { ownerReferences: [owner] }),
  };
}

/**
 * The forwarder as a sidecar that starts before the server and shares its loopback. It is attached
 * to as well: its input and output are the way to the proxy in the gateway.
 */
function netContainer(image: string, egress: EgressPlan): V1Container {
  return {
    name: CONTAINER.net,
    image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    command: ['node'],
    args: ['--input-type=module', '--eval', netScript(egress)].map(literal),
    stdin: true,
    stdinOnce: true,
    startupProbe: {
      exec: { command: ['node', '--eval', probeScript(egress)] },
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 60,
    },
    resources: {
      limits: { memory: '134217728', cpu: '0.5' },
      requests: { memory: '67108864', cpu: '0.05' },
    },
    securityContext: CONTAINER_SECURITY,
  };
}

function aliasesOf(egress: EgressPlan) {
  return hostsOf(egress).map(([ip, host]) => ({ ip, hostnames: [host] }));
}

/** Kubernetes replaces `$(NAME)` in commands and variables; `$$` stands for a dollar sign. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
