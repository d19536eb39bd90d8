// A writer for layout.test.ts: FOLDER PREFIX COUNT; stores and tags that many artifacts.
import { openLayout } from '../../../core/oci/layout.ts';
import { storeText } from '../../support/artifacts.ts';

const [, , folder = '', prefix = '', count = '0'] = process.argv;
const layout = await openLayout(folder, { create: true });
for (let index = 0; index < Number(count); index += 1) {
  await storeText(layout, `${prefix}-${index}`, `${prefix} ${index}`);
}
