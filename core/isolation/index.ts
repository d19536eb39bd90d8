export type { Channel, JsonRpcMessage, LaunchInfo } from './channel.ts';
export { type Detected, detectIsolation, type Engine } from './detect.ts';
export { launch } from './launch.ts';
export { ensureNpmTree, type NpmTree, type NpmTreeOptions } from './npm-tree.ts';
export { packageJsonOf } from './package-json.ts';
export type { DriverName, IsolationOptions, LaunchOptions, LaunchPlan } from './types.ts';
