import { buildRunner } from '../../scripts/runner/build-runner.ts';

/** The tests run the runner as users do: the built file. */
export default async function setup(): Promise<void> {
  await buildRunner('dist');
}
