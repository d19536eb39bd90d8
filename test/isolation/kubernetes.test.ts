import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { NetworkRule } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import { inspectPlan, type LaunchPlan, launch, reapOrphans } from '../../core/isolation/index.ts';
import { type ClusterFaults, startCluster, type TestCluster } from '../support/cluster.ts';
import { schemaFaults } from '../support/kubernetes-schema.ts';

const IMAGE = `registry.example/scripted@sha256:${'a'.repeat(64)}`;
const SCRIPTED = fileURLToPath(new URL('../fixtures/servers/scripted.ts', import.meta.url));

function planOf(more: Partial<LaunchPlan['resolved']> = {}, entry: object = {}): LaunchPlan {
  return {
    entry: {
      name: 'scripted',
      version: '1.0.0',
      container: { image: IMAGE, command: ['node', SCRIPTED] },
      ...entry,
    } as unknown as ServerEntry,
    resolved: {
      args: [],
      env: { PRICE: 'costs $(PRICE) or $$5' },
      secretEnv: {},
      headers: {},
      url: undefined,
      network: [],
      volumes: [],
      resources: { memory: 256 * 2 ** 20, cpus: 1, pids: 64, tmp: 16 * 2 ** 20 },
      ...more,
    },
  };
}

async function cluster(faults: ClusterFaults = {}): Promise<TestCluster> {
  const made = await startCluster(faults);
  onTestFinished(() => made.stop());
  vi.stubEnv('KUBECONFIG', made.kubeconfig);
  return made;
}

beforeEach(() => vi.stubEnv('PORTOLAN_POD_NAME', ''));
afterEach(() => vi.unstubAllEnvs());

const open = (plan: LaunchPlan, options: object = {}) =>
  launch(plan, { isolation: 'kubernetes', kubernetes: {}, ...options });

/** Asks the server and waits for its answer. */
function ask(
  channel: Channel,
  id: number,
  method: string,
  params: object,
): Promise<JsonRpcMessage> {
  return new Promise((resolve, reject) => {
    channel.onMessage = (message) => {
      if (message.id === id) resolve(message);
    };
    channel.onClose = (reason) => reject(reason ?? new Error('closed'));
    channel.send({ jsonrpc: '2.0', id, method, params: { ...params } }).catch(reject);
  });
}

const call = async (channel: Channel, name: string, args: object = {}) => {
  const { result } = await ask(channel, Math.random(), 'tools/call', { name, arguments: args });
  return (result as { content: { text: string }[] }).content[0]?.text;
};

describe('a server in a pod', () => {
  it('talks over the attach stream, and leaves nothing behind', async () => {
    const { list, created } = await cluster();
    const channel = await open(planOf({ secretEnv: { API_KEY: 'a-secret-of-the-test' } }));
    expect(channel.info?.driver).toBe('kubernetes');
    expect(list().map((key) => key.split('/')[0])).toEqual(['NetworkPolicy', 'Pod', 'Secret']);
    const greeting = await ask(channel, 1, 'initialize', { protocolVersion: '2025-11-25' });
    expect(greeting.result?.serverInfo).toMatchObject({ name: 'scripted' });
    expect(await call(channel, 'env', { name: 'API_KEY' })).toBe('a-secret-of-the-test');
    // What looks like a variable of Kubernetes' own reaches the server as it is.
    expect(await call(channel, 'env', { name: 'PRICE' })).toBe('costs $(PRICE) or $$5');
    expect((await call(channel, 'huge', { bytes: 3_000_000 }))?.length).toBe(3_000_000);
    let reason: Error | undefined | string = 'not closed';
    channel.onClose = (why) => {
      reason = why;
    };
    await channel.close();
    expect(reason).toBeUndefined();
    expect(list()).toEqual([]);
    const pod = created.find(({ kind }) => kind === 'Pod');
    expect(JSON.stringify(pod)).not.toContain('a-secret-of-the-test');
    await expect(channel.send({ jsonrpc: '2.0', method: 'x' })).rejects.toMatchObject({
      code: 'SERVER_GONE',
    });
  });

  it('is as strict as it can be, in fields that Kubernetes knows', async () => {
    const { created } = await cluster();
    const channel = await open(planOf({ secretEnv: { API_KEY: 'a-secret-of-the-test' } }));
    await channel.close();
    // The policy comes first: no pod runs a moment without it.
    expect(created.map(({ kind }) => kind)).toEqual(['NetworkPolicy', 'Pod', 'Secret']);
    expect(created.flatMap((object) => schemaFaults(object))).toEqual([]);
    const [policy, pod, secret] = created;
    expect(policy.spec).toEqual({
      podSelector: { matchLabels: { 'dev.portolan.run': pod.metadata.name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    });
    expect(pod.metadata.labels['dev.portolan.run']).toBe(pod.metadata.name);
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      dnsPolicy: 'None',
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: String(16 * 2 ** 20) } }],
    });
    expect(pod.spec.containers[0]).toMatchObject({
      image: IMAGE,
      stdin: true,
      resources: { limits: { memory: String(256 * 2 ** 20), cpu: '1' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'serviceAccountName']) {
      expect(pod.spec).not.toHaveProperty(field);
    }
    expect(secret.metadata.ownerReferences).toMatchObject([
      { kind: 'Pod', name: pod.metadata.name },
    ]);
    for (const value of Object.values(pod.metadata.labels)) {
      expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
    }
  });

  it('goes with the pod of its gateway', async () => {
    const { created } = await cluster();
    vi.stubEnv('PORTOLAN_POD_NAME', 'portolan-0');
    vi.stubEnv('PORTOLAN_POD_UID', '6ad6ae5c');
    await (await open(planOf())).close();
    for (const { kind, metadata } of created) {
      expect([kind, metadata.ownerReferences]).toMatchObject([
        kind,
        [{ kind: 'Pod', name: 'portolan-0', uid: '6ad6ae5c' }],
      ]);
    }
  });

  it('reaches the hosts that its entry names, through the attach stream, and no others', async () => {
    await cluster();
    const site = createServer((_, response) => response.end('from outside'));
    site.listen(0, '127.0.0.1');
    onTestFinished(() => void site.close());
    await new Promise((resolve) => site.once('listening', resolve));
    const { port } = site.address() as AddressInfo;
    const network: NetworkRule[] = [{ host: '*.example.test', port, chosenByUser: true }];
    const notices: string[] = [];
    const channel = await open(planOf({ network }), {
      resolveHost: async () => ['127.0.0.1'],
      onNotice: (text: string) => notices.push(text),
    });
    expect(await call(channel, 'fetch', { url: `http://api.example.test:${port}/` })).toBe(
      '200 from outside',
    );
    expect(await call(channel, 'fetch', { url: 'http://other.test/' })).not.toMatch(/^\d/);
    expect(notices.join()).toContain('other.test:80 is not among the hosts');
    await channel.close();
  });

  it('says how the server ended', async () => {
    const { list } = await cluster();
    const channel = await open(planOf());
    await ask(channel, 1, 'initialize', { protocolVersion: '2025-11-25' });
    await expect(call(channel, 'crash')).rejects.toMatchObject({
      code: 'SERVER_GONE',
      message: expect.stringContaining('ended with exit code 3'),
    });
    expect(list()).toEqual([]);
  });

  it('is shown by inspect as the objects that would be made', async () => {
    await cluster();
    const { command, driver } = await inspectPlan(planOf(), {
      isolation: 'kubernetes',
      kubernetes: {},
    });
    expect(driver).toBe('kubernetes');
    const { items } = JSON.parse(String(command.at(-1)));
    expect(items.flatMap((object: object) => schemaFaults(object))).toEqual([]);
    expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['NetworkPolicy', 'Pod']);
  });
});

describe('what goes wrong in a cluster', () => {
  const waiting = { reason: 'ImagePullBackOff', message: 'manifest unknown' };
  it.each<[string, ClusterFaults, string, RegExp]>([
    [
      'an image',
      { waiting },
      'IMAGE_PULL_FAILED',
      /cannot pull registry\.example.*manifest unknown/,
    ],
    [
      'a container',
      { waiting: { reason: 'CreateContainerError', message: 'no such file' } },
      'START_FAILED',
      /container server \(CreateContainerError\): no such file/,
    ],
    ['no node', { unschedulable: '0/3 nodes have room' }, 'START_FAILED', /in time: 0\/3 nodes/],
    ['pods', { forbidden: 'create pods' }, 'KUBERNETES_FORBIDDEN', /create pods in namespace mcp/],
    [
      'policies',
      { forbidden: 'create networkpolicies' },
      'KUBERNETES_FORBIDDEN',
      /create networkpolicies/,
    ],
    ['secrets', { forbidden: 'create secrets' }, 'KUBERNETES_FORBIDDEN', /create secrets/],
    [
      'attaching',
      { forbidden: 'create pods/attach' },
      'KUBERNETES_FORBIDDEN',
      /create pods\/attach in namespace mcp/,
    ],
  ])('%s: it is told, and nothing is left', async (_name, faults, code, text) => {
    const { list } = await cluster(faults);
    const plan = planOf({ secretEnv: { API_KEY: 'a-secret-of-the-test' } });
    const failed = await open(plan, { podStartMs: 2_000 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(list()).toEqual([]);
  });

  it('watches that end are begun again', async () => {
    const { calls } = await cluster({ deafWatches: true, delayMs: 1_500 });
    const channel = await open(planOf());
    await ask(channel, 1, 'initialize', { protocolVersion: '2025-11-25' });
    expect(calls.filter((one) => one === 'watch pods').length).toBeGreaterThan(0);
    expect(calls.filter((one) => one === 'get pods').length).toBeGreaterThan(2);
    await channel.close();
  });

  it('an API server that is away, from the start or later', async () => {
    const { cut, kubeconfig } = await cluster();
    const channel = await open(planOf());
    const closed = new Promise<Error | undefined>((resolve) => {
      channel.onClose = resolve;
    });
    cut();
    expect(await closed).toMatchObject({
      code: 'SERVER_GONE',
      message: expect.stringContaining('the connection to its pod was lost'),
    });
    vi.stubEnv('KUBECONFIG', kubeconfig);
    await expect(open(planOf())).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
  });

  it('a configuration that cannot be read', async () => {
    vi.stubEnv('KUBECONFIG', '/nonexistent/config');
    await expect(open(planOf())).rejects.toMatchObject({ code: 'KUBERNETES_CONFIG' });
  });

  it('what a pod cannot have is refused with a remedy', async () => {
    await cluster();
    const source = '/home/me/work';
    const volumes = [{ source, target: source, access: 'read-only' as const }];
    await expect(open(planOf({ volumes }))).rejects.toMatchObject({ code: 'KUBERNETES_VOLUME' });
    const tree = { folder: '/cache/npm/abc-linux-x64', script: 'node_modules/a/index.js' };
    const npm = { container: undefined, npm: { package: 'a' } };
    await expect(open({ ...planOf({}, npm), tree })).rejects.toMatchObject({
      code: 'KUBERNETES_NPM',
    });
    const { command } = await inspectPlan(
      { ...planOf({}, npm), tree },
      { isolation: 'kubernetes', kubernetes: { npmClaim: 'portolan-cache' } },
    );
    const pod = JSON.parse(String(command.at(-1))).items[1];
    expect(schemaFaults(pod)).toEqual([]);
    expect(pod.spec.containers[0].volumeMounts[1]).toMatchObject({
      subPath: 'npm/abc-linux-x64',
      readOnly: true,
    });
  });

  it('what a killed gateway of this host left is removed, and nothing else', async () => {
    const { list, adopt } = await cluster();
    const kept = await open(planOf());
    await open(planOf());
    const before = list();
    const none = { engines: [], bubblewrap: undefined, findings: [] };
    expect((await reapOrphans({ detected: none, kubernetes: {} })).containers).toBe(0);
    expect(list()).toEqual(before);
    // As if another process of this machine had started the second one, and was gone.
    const names = adopt(1, { 'dev.portolan.pid': '999999999' });
    expect((await reapOrphans({ detected: none, kubernetes: {} })).containers).toBe(1);
    expect(list()).toEqual(before.filter((key) => !key.endsWith(String(names))));
    await kept.close();
    expect(list()).toEqual([]);
  });
});
