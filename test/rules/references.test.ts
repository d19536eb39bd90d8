import { describe, expect, it } from 'vitest';
import { afterEdit, edit, findingsOf, GOOD, linesOf, NPM, REMOTE } from './support.ts';

it('passes a registry in which everything is right', async () => {
  expect(await findingsOf({})).toEqual([]);
});

describe('template references', () => {
  it('names a dangling reference, its place and the likely meaning', async () => {
    expect(
      await linesOf({ 'servers/weather/server.yaml': edit(NPM, '"{api_key}"', '"x-{apikey}"') }),
    ).toEqual([
      'weather/server.yaml:34:11: secrets[0].name: the secret api_key is used nowhere; write {api_key} in env, or remove it',
      'weather/server.yaml:38:15: env.API_KEY: {apikey} refers to nothing in this entry; did you mean {api_key}?',
    ]);
  });

  it('keeps secrets out of arguments', async () => {
    expect(
      await afterEdit('- [--units, "{units}"]', '- [--units, "{units}", "{api_key}"]'),
    ).toEqual([
      'weather/server.yaml:40:27: args[0][2]: the secret api_key would stand in arguments, which every process of the machine can read',
    ]);
  });

  it('keeps secrets out of the URL of an endpoint', async () => {
    const url = edit(REMOTE, '/mcp\n', '/mcp?key={key}\n');
    const files = {
      'servers/tides/server.yaml': `${url}secrets: [{name: key, description: A key.}]\n`,
    };
    expect(await findingsOf(files)).toEqual([
      'tides/server.yaml:11:46: remote.url: the secret key would stand in a URL, which ends up in logs',
    ]);
  });

  it('tells a template that cannot be parsed', async () => {
    expect(await afterEdit('[--verbose]', '["--format={"]')).toEqual([
      'weather/server.yaml:41:28: args[1].args[0]: template "--format={" has a lone "{" at character 10',
    ]);
  });

  it('wants `when` to name a parameter', async () => {
    expect(await afterEdit('when: verbose', 'when: verbos')).toEqual([
      'weather/server.yaml:29:5: parameters.properties.verbose: the parameter verbose is used nowhere',
      'weather/server.yaml:41:12: args[1].when: there is no parameter "verbos" in this entry',
    ]);
    expect(await afterEdit('when: verbose', 'when: api_key')).toContain(
      'weather/server.yaml:41:12: args[1].when: api_key is a secret',
    );
  });

  it('wants a volume to be a path and a host to be a single value', async () => {
    expect(await afterEdit('      format: path\n', '')).toEqual([
      'weather/server.yaml:45:15: permissions.volumes[0].path: the parameter folder is not declared as a path',
    ]);
    const list = edit(
      edit(NPM, 'type: boolean', 'type: array\n      items: {type: string}'),
      'api.weather.example.com:443',
      '"{verbose}:443"',
    );
    expect(await findingsOf({ 'servers/weather/server.yaml': list })).toEqual([
      'weather/server.yaml:45:14: permissions.network.allow[0]: the parameter verbose is a list',
    ]);
  });
});

describe('settings', () => {
  it('does not let a parameter and a secret share a name', async () => {
    expect(await afterEdit('- name: api_key', '- name: units')).toEqual([
      'weather/server.yaml:34:11: secrets[0].name: units is also the name of a parameter',
      'weather/server.yaml:38:13: env.API_KEY: {api_key} refers to nothing in this entry',
      'weather/server.yaml:40:16: args[0][1]: the secret units would stand in arguments, which every process of the machine can read',
    ]);
  });

  it('wants every parameter to be used and every required one to exist', async () => {
    expect(await afterEdit('  - [--units, "{units}"]\n', '')).toEqual([
      'weather/server.yaml:24:5: parameters.properties.units: the parameter units is used nowhere',
    ]);
    expect(await afterEdit('required: [folder]', 'required: [folders]')).toEqual([
      'weather/server.yaml:32:14: parameters.required[0]: there is no parameter "folders"',
    ]);
  });

  it('wants defaults and examples that the parameter would take', async () => {
    expect(await afterEdit('default: metric', 'default: nautical')).toEqual([
      'weather/server.yaml:27:16: parameters.properties.units.default: the default is nautical, but the value must be one of metric, imperial',
    ]);
    expect(
      await linesOf({
        'servers/weather/server.yaml': edit(
          NPM,
          'default: metric\n      enum: [metric, imperial]',
          'default: 1.10',
        ),
      }),
    ).toEqual([
      'weather/server.yaml:27:16: parameters.properties.units.default: the default is 1.10, but the value must be a string; put it in quotes: "1.10"',
    ]);
  });
});

describe('volumes', () => {
  it.each([
    ['"{folder}"', '"{folder}/../.."', 'path: the path leaves the folder that the user chose'],
    ['target: /data', 'target: /etc', 'target: /etc belongs to the system that the server runs on'],
    [
      'target: /data',
      'target: /proc/1',
      'target: /proc/1 belongs to the system that the server runs on',
    ],
    [
      'target: /data',
      'target: /data/../etc',
      'target: /data/../etc belongs to the system that the server runs on',
    ],
  ])('refuses %s as %s', async (from, to, fact) => {
    expect(await afterEdit(from, to)).toEqual([
      expect.stringContaining(`permissions.volumes[0].${fact}`),
    ]);
  });

  it('refuses two volumes with one target', async () => {
    const volume = '- {path: "{folder}", target: /data, access: read-write}';
    expect(await afterEdit(volume, `${volume}\n    ${volume}`)).toEqual([
      'weather/server.yaml:47:34: permissions.volumes[1].target: /data is also the target of volume 1',
    ]);
  });
});

describe('names, categories and status', () => {
  it('wants the folder to be named as the entry', async () => {
    const lines = await afterEdit('name: weather', 'name: wether');
    expect(lines).toEqual([
      'weather/server.yaml:2:7: name: the name is "wether" but the folder is "weather"',
    ]);
  });

  it('only takes categories of catalog.yaml', async () => {
    const text = edit(NPM, '[search]', '[search, database]');
    expect(await linesOf({ 'servers/weather/server.yaml': text })).toEqual([
      'weather/server.yaml:6:22: categories[1]: there is no category "database" in catalog.yaml; did you mean databases?',
    ]);
  });

  it('does not let two entries look the same', async () => {
    const files = { 'servers/tides/server.yaml': edit(REMOTE, 'title: Tides', 'title: "weаther"') };
    expect(await findingsOf(files)).toEqual([
      'tides/server.yaml:3:8: title: weather has the same title',
      'tides/server.yaml:3:11: title: "weаther" mixes Latin and Cyrillic letters (U+0430)',
      'weather/server.yaml:4:8: title: tides has the same title',
    ]);
  });

  it.each([
    ['tides', 'the entry replaces itself'],
    ['wether', 'there is no entry "wether"'],
    ['old', 'old is withdrawn itself'],
  ])('does not send users of a deprecated entry to %s', async (replacement, fact) => {
    const status = (more: string) =>
      `status: {state: deprecated, reason: It ended., replacement: ${more}}\n`;
    const withdrawn = 'status: {state: withdrawn, reason: It ended.}\n';
    const old = edit(edit(REMOTE, 'name: tides', 'name: old'), 'title: Tides', 'title: Old');
    expect(
      await findingsOf({
        'servers/tides/server.yaml': REMOTE + status(replacement),
        'servers/old/server.yaml': old + withdrawn,
      }),
    ).toEqual([`tides/server.yaml:13:61: status.replacement: ${fact}`]);
  });

  it('takes a replacement that exists', async () => {
    const status = 'status: {state: deprecated, reason: It ended., replacement: weather}\n';
    expect(await findingsOf({ ...GOOD, 'servers/tides/server.yaml': REMOTE + status })).toEqual([]);
  });
});
