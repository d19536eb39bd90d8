import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Container, V1Pod, V1Secret } from '@kubernetes/client-node';
import { schemaFaults } from './kubernetes-schema.ts';
import { acceptWebSocket, type ServerSocket } from './web-socket-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind
type Thing = any;

export interface ClusterFaults {
  /** What the account may not do, e.g. `create pods/attach`. */
  readonly forbidden?: string;
  /** Reason and message that the server's container waits with for ever. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** The pod finds no node. */
  readonly unschedulable?: string;
  /** Watches end at once, without an event. */
  readonly deafWatches?: boolean;
  /** Milliseconds until the node looks at a pod. */
  readonly delayMs?: number;
}

/** An API server and kubelet in one: the calls of the driver, over real HTTP and WebSockets. */
export interface TestCluster {
  /** For KUBECONFIG. */
  readonly kubeconfig: string;
  /** Every object that was ever created, as it was sent. */
  readonly created: readonly Thing[];
  /** Verb and resource of every call. */
  readonly calls: readonly string[];
  /** Objects that are there now, as KIND/NAME. */
  list(): string[];
  /** Changes labels of the pod that was made at this place, and of its policy; returns its name. */
  adopt(index: number, labels: Readonly<Record<string, string>>): string;
  /** Ends everything that is open, as a cluster does that goes away. */
  cut(): void;
  stop(): Promise<void>;
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  socket: ServerSocket | undefined;
}

const RESOURCES: Readonly<Record<string, string>> = {
  pods: 'Pod',
  secrets: 'Secret',
  networkpolicies: 'NetworkPolicy',
};
const TOKEN = 'the-token-of-the-service-account';

/** Starts the cluster. Containers are processes of this machine; images mean nothing. */
export async function startCluster(faults: ClusterFaults = {}): Promise<TestCluster> {
  const things = new Map<string, Thing>();
  const created: Thing[] = [];
  const calls: string[] = [];
  const watches = new Set<{ name: string; response: ServerResponse }>();
  const running = new Map<string, Running>();
  let version = 0;

  const changed = (phase: string, object: Thing) => {
    object.metadata.resourceVersion = String(++version);
    for (const { name, response } of watches) {
      if (name === object.metadata.name)
        response.write(`${JSON.stringify({ type: phase, object })}\n`);
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { resource, name, query } = routeOf(request);
    const verb = verbOf(request.method ?? '', name, query);
    const call = `${verb} ${resource}`;
    calls.push(call);
    const refuse = (code: number, message: string) =>
      json(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message });
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(401, 'Unauthorized');
    if (faults.forbidden === call) {
      return refuse(403, `${resource} is forbidden: User "gateway" cannot ${call}`);
    }
    const kind = RESOURCES[resource];
    if (!kind) return refuse(404, `the server could not find ${resource}`);
    if (verb === 'create') return create(kind, await bodyOf(request));
    if (verb === 'watch') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      if (faults.deafWatches) return void response.end();
      response.flushHeaders();
      const watch = {
        name: /metadata\.name=(.*)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '',
        response,
      };
      watches.add(watch);
      response.on('close', () => watches.delete(watch));
      return;
    }
    if (verb === 'list') {
      const items = [...things.values()].filter((one) => one.kind === kind);
      return json(response, 200, { kind: `${kind}List`, apiVersion: 'v1', metadata: {}, items });
    }
    const thing = things.get(`${kind}/${name}`);
    if (!thing) return refuse(404, `${resource} "${name}" not found`);
    if (verb === 'delete') remove(thing);
    json(response, 200, thing);

    function create(expected: string, object: Thing) {
      const wrong = schemaFaults(object);
      if (object.kind !== expected || wrong.length > 0) return refuse(400, wrong.join('; '));
      const key = `${object.kind}/${object.metadata.name}`;
      if (things.has(key)) return refuse(409, `${key} already exists`);
      created.push(structuredClone(object));
      object.metadata.uid = randomUUID();
      things.set(key, object);
      changed('ADDED', object);
      json(response, 201, object);
      if (object.kind === 'Pod') void runPod(object);
    }
  };

  /** The kubelet: first the sidecar, then, once its probe holds, the server. */
  const runPod = async (pod: V1Pod & Thing) => {
    pod.status = { phase: 'Pending', conditions: [] };
    await new Promise((resolve) => setTimeout(resolve, faults.delayMs ?? 0));
    const { initContainers = [], containers } = pod.spec;
    if (faults.unschedulable) {
      pod.status.conditions.push({
        type: 'PodScheduled',
        status: 'False',
        message: faults.unschedulable,
      });
      return changed('MODIFIED', pod);
    }
    for (const container of [...initContainers, ...containers] as V1Container[]) {
      const list = initContainers.includes(container)
        ? 'initContainerStatuses'
        : 'containerStatuses';
      const status: Thing = { name: container.name, image: container.image, state: {} };
      pod.status[list] = [status];
      if (faults.waiting && container.name === 'server') {
        status.state = { waiting: faults.waiting };
        return changed('MODIFIED', pod);
      }
      const env = await variablesOf(container, (one) => {
        status.state = { waiting: { reason: 'CreateContainerConfigError', message: one } };
        changed('MODIFIED', pod);
      });
      if (!things.has(`Pod/${pod.metadata.name}`)) return;
      const [program = '', ...args] = [...(container.command ?? []), ...(container.args ?? [])].map(
        expanded,
      );
      const child = spawn(program === 'node' ? process.execPath : program, args, { env });
      child.stdin.on('error', () => {});
      child.stderr.on('data', (chunk: Buffer) => forward(2, chunk));
      child.stdout.on('data', (chunk: Buffer) => forward(1, chunk));
      const one: Running = { child, socket: undefined };
      // What nobody is attached to is lost, as in a cluster.
      const forward = (channel: number, chunk: Buffer) =>
        one.socket?.send(Buffer.concat([Buffer.from([channel]), chunk]));
      running.set(`${pod.metadata.name}/${container.name}`, one);
      status.state = { running: { startedAt: new Date().toISOString() } };
      child.once('close', (code, signal) => {
        running.delete(`${pod.metadata.name}/${container.name}`);
        const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
        status.state = { terminated: { exitCode, reason: exitCode ? 'Error' : 'Completed' } };
        if (container.name === 'server') pod.status.phase = exitCode ? 'Failed' : 'Succeeded';
        one.socket?.send(Buffer.from('\u0003{"status":"Success"}', 'latin1'));
        one.socket?.close();
        changed('MODIFIED', pod);
      });
      changed('MODIFIED', pod);
      const probe = container.startupProbe?.exec?.command;
      while (probe && things.has(`Pod/${pod.metadata.name}`) && !(await holds(probe))) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    pod.status.phase = 'Running';
    changed('MODIFIED', pod);
  };

  const variablesOf = async (container: V1Container, waits: (text: string) => void) => {
    const env: Record<string, string> = { PATH: process.env.PATH ?? '' };
    for (const { name, value } of container.env ?? []) env[name] = expanded(value ?? '');
    for (const { secretRef } of container.envFrom ?? []) {
      const key = `Secret/${secretRef?.name}`;
      if (!things.has(key)) waits(`secret "${secretRef?.name}" not found`);
      while (!things.has(key)) await new Promise((resolve) => setTimeout(resolve, 50));
      for (const [name, value] of Object.entries((things.get(key) as V1Secret).data ?? {})) {
        env[name] = Buffer.from(value, 'base64').toString('utf8');
      }
    }
    return env;
  };

  const remove = (thing: Thing) => {
    const { name, uid } = thing.metadata;
    for (const [key, one] of running) {
      if (thing.kind === 'Pod' && key.startsWith(`${name}/`)) one.child.kill('SIGKILL');
    }
    things.delete(`${thing.kind}/${name}`);
    changed('DELETED', thing);
    // The garbage collector: what this object owned goes with it.
    for (const other of [...things.values()]) {
      const owners: Thing[] = other.metadata.ownerReferences ?? [];
      if (owners.some((owner) => owner.uid === uid)) remove(other);
    }
  };

  const server = createServer((request, response) => void handle(request, response));
  server.on('upgrade', (request, stream) => {
    const { name, query } = routeOf(request);
    calls.push('create pods/attach');
    const one = running.get(`${name}/${query.get('container')}`);
    const bad = faults.forbidden === 'create pods/attach' ? 403 : one ? undefined : 400;
    if (bad || !one) return void stream.end(`HTTP/1.1 ${bad} Refused\r\n\r\n`);
    const socket = acceptWebSocket(request, stream, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    one.socket = socket;
    socket.onMessage = (bytes) => {
      if (bytes[0] === 0) one.child.stdin.write(bytes.subarray(1));
      if (bytes[0] === 255 && bytes[1] === 0) one.child.stdin.end();
    };
    // stdinOnce: the first one who is attached and leaves ends the input.
    socket.onClose = () => {
      one.socket = undefined;
      one.child.stdin.end();
    };
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'portolan-cluster-'));
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, configFor((server.address() as AddressInfo).port));
  return {
    kubeconfig,
    created,
    calls,
    list: () => [...things.keys()].sort(),
    adopt(index, labels) {
      const { name } = created.filter(({ kind }) => kind === 'Pod')[index].metadata;
      for (const kind of ['Pod', 'NetworkPolicy']) {
        Object.assign(things.get(`${kind}/${name}`).metadata.labels, labels);
      }
      return name;
    },
    cut() {
      server.close();
      server.closeAllConnections();
      for (const { socket } of running.values()) socket?.close();
    },
    async stop() {
      for (const { child } of running.values()) child.kill('SIGKILL');
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configFor(port: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        // Without TLS the official client wants to be told that this is meant.
        cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
      },
    ],
    users: [{ name: 'gateway', user: { token: TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'gateway', namespace: 'mcp' } }],
    'current-context': 'test',
  });
}

function routeOf({ url = '/' }: IncomingMessage) {
  const { pathname, searchParams } = new URL(url, 'http://cluster');
  const [, resource = '', name = ''] =
    /\/namespaces\/mcp\/([a-z]+)(?:\/([^/]+))?/.exec(pathname) ?? [];
  return { resource, name, query: searchParams };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method !== 'GET') return method === 'POST' ? 'create' : 'delete';
  if (query.get('watch') === 'true') return 'watch';
  return name ? 'get' : 'list';
}

async function bodyOf(request: IncomingMessage): Promise<Thing> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** As the kubelet does with what no variable is called like. */
function expanded(text: string): string {
  return text.replaceAll('$$', '$');
}

function holds([program = '', ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    spawn(program === 'node' ? process.execPath : program, args, { stdio: 'ignore' }).once(
      'exit',
      (code) => resolve(code === 0),
    );
  });
}
