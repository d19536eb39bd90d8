import type { Check } from '../../api/doctor.ts';
import { ask } from '../api.ts';
import { type Child, h, plural, prose } from '../dom.ts';
import { chip, head } from '../parts/show.ts';
import type { Page, View } from '../view.ts';

export const doctorPage: Page = {
  title: 'Doctor',
  icon: 'M10 16.5S3 12.5 3 7.5A3.5 3.5 0 0 1 10 6a3.5 3.5 0 0 1 7 1.5c0 5-7 9-7 9zM5 10h3l1-2 2 4 1-2h3',
  open: async (view) => {
    view.show(head('Doctor', 'Looking at this machine …'));
    const checks = await ask<readonly Check[]>('/api/doctor', view.signal);
    view.show(...doctorView(view, checks));
  },
};

function doctorView(view: View, checks: readonly Check[]): Child[] {
  const faults = checks.filter(({ ok }) => !ok);
  const good = checks.filter(({ ok }) => ok);
  return [
    head(
      'Doctor',
      faults.length === 0
        ? 'Everything that the gateway needs works.'
        : `${plural(faults.length, 'thing does', 'things do')} not work; each has its remedy.`,
      h(
        'button',
        { type: 'button', class: 'button', onclick: () => view.go('/doctor') },
        'Look again',
      ),
    ),
    faults.length > 0 && h('ul', { class: 'panel rows' }, faults.map(row)),
    h('ul', { class: 'panel rows' }, good.map(row)),
  ];
}

function row({ name, ok, text, remedy }: Check): HTMLElement {
  return h(
    'li',
    {},
    h('p', {}, chip(ok ? 'ok' : 'fault', ok ? 'good' : 'bad'), ' ', h('strong', {}, name.trim())),
    h('p', { class: 'small' }, prose(text)),
    remedy && h('p', { class: 'small muted' }, 'What to do: ', prose(remedy)),
  );
}
