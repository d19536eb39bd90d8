import { isCancel } from '@clack/prompts';
import { PortolanError } from '../../core/errors.ts';

/** The answer to a question. Throws `forbidden` / `CANCELLED` when there is none, on Ctrl-C. */
export async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question;
  if (isCancel(answer)) throw cancelled();
  return answer as Exclude<T, symbol>;
}

/** What is thrown when somebody does not want to go on. */
export function cancelled(): PortolanError {
  return new PortolanError('forbidden', 'CANCELLED', 'cancelled; nothing was changed');
}
