import { expect, it } from 'vitest';
import { formatFindings } from '../../scripts/registry/format-findings.ts';

const finding = {
  rule: 'schema',
  file: 'registry/servers/a,b/server.yaml',
  line: 3,
  column: 7,
  field: 'container.image',
  fact: 'it is 100% wrong\n::stop-commands::x\u001b[2J',
  remedy: 'write it: better',
};

it('prints lines in which nothing can act on a terminal', () => {
  expect(formatFindings([finding], 'text')).toBe(
    'registry/servers/a,b/server.yaml:3:7: container.image: it is 100% wrong\\u{A}::stop-commands::x\\u{1B}[2J; write it: better\n',
  );
});

it('prints annotations that cannot be taken for other workflow commands', () => {
  expect(formatFindings([finding], 'github')).toBe(
    '::error file=registry/servers/a%2Cb/server.yaml,line=3,col=7,title=schema::container.image: it is 100%25 wrong\\u{A}::stop-commands::x\\u{1B}[2J; write it: better\n',
  );
});

it('prints JSON', () => {
  expect(JSON.parse(formatFindings([finding], 'json'))).toEqual({ findings: [finding] });
});
