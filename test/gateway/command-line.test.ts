import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hexOf } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { type Outcome, runPortolan } from '../support/command-line.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';

let publication: TestPublication;
beforeAll(async () => {
  publication = await testPublication();
});
afterAll(() => publication[Symbol.asyncDispose]());

/** Runs the built command with an empty stdin. */
function portolan(...args: string[]): Promise<Outcome> {
  return runPortolan(args, {
    env: {
      ...process.env,
      PORTOLAN_HOME: join(publication.folder, 'home'),
      PORTOLAN_DEFAULT_CATALOG: 'none',
    },
  });
}

const run = (layout: string, ...args: string[]) =>
  portolan('run', '--catalog', `oci-layout:${layout}`, '--key', publication.publicKeyPath, ...args);

describe('portolan run', () => {
  it('serves nothing on stdout but MCP, and leaves with its client', async () => {
    const outcome = await run(publication.layout, '--servers', 'beta');
    expect(outcome).toMatchObject({ code: 0, stdout: '' });
    expect(outcome.stderr).toContain('ready with 1 server of catalog 1');
  });

  it('refuses a catalog of a stranger: exit code 6', async () => {
    const stranger = await testPublication();
    const outcome = await run(stranger.layout, '--servers', 'beta');
    await stranger[Symbol.asyncDispose]();
    expect(outcome.code).toBe(6);
    expect(outcome.stderr).toContain('(untrusted: SIGNER_UNTRUSTED)');
  });

  it('refuses altered content: exit code 5', async () => {
    const folder = await publication.build({ out: join(publication.folder, 'altered') });
    const layout = await openLayout(folder);
    const digest = (await layout.resolveTag('beta_1.0.0'))?.digest ?? 'sha256:';
    const { manifest } = await layout.readManifest(digest);
    const blob = join(folder, 'blobs', 'sha256', hexOf(manifest.layers[0]?.digest ?? 'sha256:'));
    const text = await readFile(blob, 'utf8');
    await writeFile(blob, text.replace('"network":"none"', '"network":"nOne"'));
    const outcome = await run(folder, '--servers', 'beta');
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toContain('(unverified: DIGEST_MISMATCH)');
  });

  it('refuses an older catalog than the one it saw: exit code 6', async () => {
    const source = join(publication.folder, 'moving');
    await publication.build({ out: source, number: 7 });
    expect((await run(source, '--servers', 'beta')).code).toBe(0);
    await publication.build({ out: source, number: 6 });
    const outcome = await run(source, '--servers', 'beta');
    expect(outcome.code).toBe(6);
    expect(outcome.stderr).toContain('(untrusted: CATALOG_ROLLBACK)');
  });

  it('does not run a withdrawn server: exit code 7, with reason and replacement', async () => {
    const status = 'status: { state: withdrawn, reason: Abandoned., replacement: beta }\n';
    await publication.write('gone', remoteEntry('gone') + status);
    const folder = await publication.build({ out: join(publication.folder, 'tombstone') });
    const outcome = await run(folder, '--servers', 'gone');
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toContain('Abandoned.; use beta instead');
  });

  it.each([
    [['--servers', 'betta'], 2, 'did you mean "beta"?'],
    [['--servers', 'beta@9.9.9'], 2, 'beta has no version 9.9.9; it has 1.0.0'],
    [['--servers', 'beta', '--set', 'beta.port=1'], 2, 'beta has no parameter "port"'],
    [['--servers', 'beta', '--set', 'nonsense'], 2, 'is not SERVER.PARAMETER=VALUE'],
    [[], 2, 'say which servers to serve'],
    [['--servers', 'beta', '--isolation', 'maybe'], 2, 'Allowed choices are auto'],
    [['--servers', 'beta', '--isolaton', 'none'], 2, 'Did you mean --isolation?'],
  ])('%j is a mistake that it explains', async (args, code, text) => {
    const outcome = await run(publication.layout, ...args);
    expect(outcome.stderr).toContain(text);
    expect(outcome.code).toBe(code);
  });

  it('wants to know whose signature counts', async () => {
    const source = `oci-layout:${publication.layout}`;
    const outcome = await portolan('run', '--catalog', source, '--servers', 'beta');
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr).toContain('say whose signature counts: --key FILE');
  });

  it('has no catalog to read: exit code 4', async () => {
    const outcome = await run(join(publication.folder, 'nowhere'), '--servers', 'beta');
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.stderr).toContain('is not an OCI image layout');
  });
});

describe('portolan', () => {
  it('prints its version and its help', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await portolan('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await portolan('run', '--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('Examples:');
  });
});
