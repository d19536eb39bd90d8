import {
  describePermissions as describe,
  type PermissionIcon,
  type PermissionLine,
} from '../../../core/entry/describe-permissions.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { messages } from '../messages.ts';

/** What a server may touch, in the words of this site. */
export const describePermissions = (entry: ServerEntry): readonly PermissionLine[] =>
  describe(entry, messages.server);

/** Pictures of what a permission is about, as paths of a 20 by 20 drawing. */
export const ICONS: Readonly<Record<PermissionIcon, string>> = {
  network:
    'M10 2.5a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zM2.500 10h15M10 2.500c4.500 4.500 4.500 10.500 0 15-4.500-4.500-4.500-10.500 0-15z',
  folder: 'M2.500 5.500v9.500h15V7H9.500L7.500 5.500z',
  key: 'M7 13a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zm3.500-3.500h7v3m-3-3v2',
  limits: 'M3 14a7.200 7.200 0 1 1 14 0M10 13l3.500-5',
  state: 'M4 6.500h12v8H4zM7 4h6M7 17h6',
};
