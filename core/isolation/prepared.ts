import type { AttachPlan } from './engine-api/attach.ts';
import type { EngineName } from './engines.ts';
import type { DriverName } from './types.ts';

/** A command that a driver worked out: everything about a launch but the launch itself. */
export interface Prepared {
  readonly driver: DriverName;
  readonly engine?: EngineName;
  /** Program and arguments; holds no secret. */
  readonly command: readonly [string, ...string[]];
  /** Whole environment of that command on the host; holds secrets only for the container driver. */
  readonly env: Readonly<Record<string, string>>;
  /** What the command reads from its file descriptors 3 and up; may hold secrets. */
  readonly inputs?: readonly (string | Buffer)[];
  /** The command as `inspect` shows it: with the arguments among the inputs, secrets as names. */
  readonly shown: readonly string[];
  /** Control groups that the command joins; removed after it. */
  readonly cgroups: readonly string[];
  /** What holds less than it should on this machine, in words. */
  readonly notes: readonly string[];
  /** How to run a container without a client process that stays; see engine-api. */
  readonly attach?: Pick<AttachPlan, 'engine' | 'run' | 'pipes' | 'env' | 'secrets'>;
  /** Ends what ending the command's process group does not end. */
  readonly stop?: {
    terminate(): Promise<void>;
    remove(): Promise<void>;
  };
}

/** The command as people see it: what runs the server where it is attached to, else by a process. */
export function shownCommand(
  { attach, shown }: Prepared,
  attached = attach !== undefined,
): readonly string[] {
  return attach && attached ? [attach.engine.program, ...attach.run] : shown;
}
