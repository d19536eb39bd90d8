import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';
import { KEYS, openTerminal } from '../support/terminal.ts';

describe.skipIf(needs('bwrap', 'npm').skip)('what a server offers', () => {
  let catalog: BuiltCatalog;
  beforeAll(async () => {
    catalog = await builtCatalog(['everything']);
  });
  afterAll(() => catalog.remove());
  const options = () => [...catalog.source, '--isolation', 'bubblewrap'];
  const portolan = (...args: string[]) =>
    runPortolan([...args, ...options()], { env: catalog.env });
  const json = async (...args: string[]) => JSON.parse((await portolan(...args, '--json')).stdout);

  it('has prompts with arguments', async () => {
    const listed = await portolan('prompts', 'ls', 'everything');
    expect(listed.stdout).toMatch(/args-prompt +city \[state\]/);
    const got = await portolan('prompts', 'get', 'everything', 'args-prompt', 'city=Berlin');
    expect(got).toMatchObject({ code: 0, stdout: expect.stringMatching(/^user: .*Berlin/) });
    expect(await json('prompts', 'get', 'everything', 'args-prompt', 'city=Rome')).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text' } }],
    });
    const missing = await portolan('prompts', 'get', 'everything', 'args-prompt');
    expect(missing.stderr).toContain('an argument is missing: city (string)');
    const unknown = await portolan('prompts', 'get', 'everything', 'arg-prompt');
    expect(unknown.stderr).toContain('did you mean "args-prompt"?');
  });

  it('has resources and templates', async () => {
    const { resources, resourceTemplates } = await json('resources', 'ls', 'everything');
    expect(resources.length).toBeGreaterThan(0);
    expect(resourceTemplates.length).toBeGreaterThan(0);
    const { uri } = resources.find((one: { mimeType?: string }) =>
      one.mimeType?.startsWith('text/'),
    );
    const read = await portolan('resources', 'read', 'everything', uri);
    expect(read.code).toBe(0);
    expect(read.stdout.trim()).not.toBe('');
    const blob = String(resourceTemplates.map((one: { uriTemplate: string }) => one.uriTemplate))
      .split(',')
      .find((template) => template.includes('blob'))
      ?.replace(/\{[^}]+\}/, '1');
    expect((await portolan('resources', 'read', 'everything', String(blob))).stdout).toMatch(
      /, \d+ bytes; --json has it\]/,
    );
    expect(await portolan('resources', 'read', 'everything', 'demo://none')).toMatchObject({
      code: 1,
    });
  });

  it('tells of wrong and missing arguments before anything starts', async () => {
    const call = (...args: string[]) => portolan('tools', 'call', 'everything', ...args);
    expect((await call('get-sum', 'a=1')).stderr).toContain('an argument is missing: b (number)');
    expect((await call('get-sum', 'a=1', 'bb=2')).stderr).toContain(
      'there is no argument "bb"; did you mean "b"?',
    );
    const choice = await call('get-annotated-message', 'messageType=sucess');
    expect(choice.stderr).toContain('it is one of error, success, debug; did you mean "success"?');
    expect(choice.code).toBe(2);
  });

  it('shows results as text and as a table', async () => {
    const { stdout } = await portolan(
      'tools',
      'call',
      'everything',
      'get-structured-content',
      'location=New York',
    );
    expect(stdout).toContain('temperature');
  });

  it.skipIf(needs('script').skip)(
    'asks for missing arguments at a terminal, in colours',
    async () => {
      const terminal = openTerminal(
        [process.execPath, RUNNER, 'tools', 'call', 'everything', 'get-sum', 'a=1', ...options()],
        { env: catalog.env },
      );
      await expect.poll(terminal.text).toContain('b (number)');
      terminal.press(`41${KEYS.enter}`);
      expect(await terminal.exited).toBe(0);
      expect(terminal.text()).toContain('The sum of 1 and 41 is 42.');
    },
  );

  it.skipIf(needs('script').skip)('shows a bar for a long call at a terminal', async () => {
    const terminal = openTerminal(
      [
        process.execPath,
        RUNNER,
        'tools',
        'call',
        'everything',
        'trigger-long-running-operation',
        'duration=2',
        'steps=4',
        ...options(),
      ],
      { env: catalog.env },
    );
    expect(await terminal.exited).toBe(0);
    expect(terminal.text()).toMatch(/\[#+-+\] +\d+% \d\/4/);
    // Nothing of the bar stays.
    expect(terminal.text()).toContain('\r\u001b[KLong running operation completed');
  });
});
