import type { Announcement } from './announcement.ts';
import { type Control, openControl } from './client.ts';

/** Speaks to a gateway while `work` runs. Throws what openControl and `work` throw. */
export async function withControl<T>(
  announcement: Announcement,
  work: (control: Control) => Promise<T>,
): Promise<T> {
  const control = await openControl(announcement);
  try {
    return await work(control);
  } finally {
    control.close();
  }
}
