export type { Channel, JsonRpcMessage, LaunchInfo } from './channel.ts';
export { type Detected, detectIsolation, type Engine } from './detect.ts';
export { NODE_IMAGE } from './images.ts';
export { type Grant, grantsOf, type Inspection, inspectPlan } from './inspect.ts';
export { launch } from './launch.ts';
export { ensureNpmTree, type NpmTree, type NpmTreeOptions } from './npm-tree.ts';
export { packageJsonOf } from './package-json.ts';
export { type Reaped, reapOrphans } from './reap.ts';
export type { DriverName, IsolationOptions, LaunchOptions, LaunchPlan } from './types.ts';
