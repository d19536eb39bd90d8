import { checkMachine } from '../../doctor/check-machine.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, get } from '../route.ts';

export const doctorRoutes = [get('/api/doctor', check)];

export type { Check } from '../../doctor/check.ts';

function check(_: ApiRequest, { paths }: ConsoleContext) {
  return checkMachine(paths);
}
