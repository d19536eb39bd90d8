import {
  describePermissions as describe,
  type PermissionLine,
} from '../../../core/entry/describe-permissions.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { messages } from '../messages.ts';

/** What a server may touch, in the words of this site. */
export const describePermissions = (entry: ServerEntry): readonly PermissionLine[] =>
  describe(entry, messages.server);
