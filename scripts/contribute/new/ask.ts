import { cancel, isCancel, multiselect, text } from '@clack/prompts';
import type { CatalogConfig, ServerEntry } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import type { Draft } from './draft.ts';

/** Asks a person at a terminal for what the source did not tell. Throws `usage` when they cancel. */
export async function askFor(draft: Draft, config: CatalogConfig): Promise<Draft> {
  const answers: Draft = { ...draft };
  answers.name = await line('Name of the entry (small letters, digits, hyphens)', {
    initialValue: draft.name,
    fault: (value) =>
      /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value) ? undefined : 'small letters, digits, single hyphens',
  });
  answers.title = await line('Title, as people write it', { initialValue: draft.title });
  answers.description = await line('What it does for its user, in one or two sentences', {
    initialValue: draft.description,
    fault: (value) =>
      value.length >= 20 && value.length <= 300 ? undefined : '20 to 300 characters',
  });
  if (!draft.categories?.length) answers.categories = await categories(config);
  answers.license ??= await line('License, as SPDX expression (MIT, Apache-2.0, ...)', {});
  answers.publisher ??= {
    name: await line('Who makes it', {}),
    url: await line('Their home page', { initialValue: 'https://', fault: httpsFault }),
  };
  if (!draft.links || Object.keys(draft.links).length === 0) {
    answers.links = {
      source: await line('Where its source or home page is', { fault: httpsFault }),
    };
  }
  if (draft.permissions && draft.permissions.network === 'none') {
    answers.permissions = { ...draft.permissions, network: await network() };
  }
  return answers;
}

async function network(): Promise<NonNullable<ServerEntry['permissions']>['network']> {
  const isRule = (rule: string) => /^[a-z0-9*.-]+:[1-9][0-9]{0,4}$/.test(rule);
  const rulesIn = (value: string) => value.split(/[\s,]+/).filter(Boolean);
  const answer = await text({
    message: 'Hosts that it must reach, as host:port; nothing when it needs no network',
    placeholder: 'api.example.com:443',
    validate: (value) => {
      const wrong = rulesIn(value ?? '').find((rule) => !isRule(rule));
      return wrong === undefined ? undefined : `${wrong} is not host:port`;
    },
  });
  const allow = rulesIn(given(answer) ?? '');
  return allow.length > 0 ? { allow } : 'none';
}

async function categories(config: CatalogConfig): Promise<string[]> {
  const chosen = await multiselect({
    message: 'Categories, one to three; the first is the main one',
    options: config.categories.map(({ id, title, description }) => ({
      value: id,
      label: title,
      hint: description,
    })),
    required: true,
  });
  return given(chosen).slice(0, 3);
}

async function line(
  message: string,
  options: {
    initialValue?: string | undefined;
    fault?: (value: string) => string | undefined;
  },
): Promise<string> {
  const { initialValue, fault } = options;
  const answer = await text({
    message,
    ...(initialValue ? { initialValue } : {}),
    validate: (value) => (value ? fault?.(value) : 'this is needed'),
  });
  return given(answer).trim();
}

function httpsFault(value: string): string | undefined {
  return /^https:\/\/[^\s/]+/.test(value) ? undefined : 'a URL that starts with https://';
}

function given<Value>(answer: Value): Exclude<Value, symbol> {
  if (!isCancel(answer)) return answer as Exclude<Value, symbol>;
  cancel('Nothing was written.');
  throw new PortolanError('usage', 'CANCELLED', 'cancelled');
}
