import { describe, expect, it } from 'vitest';
import { resolveEntry, type Settings } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';

const base: ServerEntry = {
  name: 'demo',
  version: '1.0.0',
  title: 'Demo',
  description: 'An entry that shows each kind of template.',
  categories: ['reference'],
  license: 'MIT',
  publisher: { name: 'Example', url: 'https://example.com' },
  links: { source: 'https://example.com' },
  npm: { package: 'demo', version: '1.0.0', integrity: 'sha512-x' },
  permissions: { network: 'none' },
  tools: 'static',
};

function resolve(entry: Partial<ServerEntry>, settings: Partial<Settings> = {}) {
  return resolveEntry({ ...base, ...entry }, { parameters: {}, secrets: {}, ...settings });
}

const text = { type: 'string', description: 'A text.' } as const;
const list = { type: 'array', description: 'A list.', items: { type: 'string' } } as const;

describe('arguments', () => {
  it('expands an item that is exactly a list', () => {
    const entry = { parameters: { properties: { dirs: list } }, args: ['--stdio', '{dirs}'] };
    expect(resolve(entry, { parameters: { dirs: ['/a', '/b'] } }).args).toEqual([
      '--stdio',
      '/a',
      '/b',
    ]);
  });

  it('leaves out an item and a group that refer to something unset', () => {
    const entry = {
      parameters: { properties: { port: text } },
      args: ['--x={port}', ['--port', '{port}'], 'end'],
    };
    expect(resolve(entry).args).toEqual(['end']);
    expect(resolve(entry, { parameters: { port: '1' } }).args).toEqual([
      '--x=1',
      '--port',
      '1',
      'end',
    ]);
  });

  it('repeats a group for each member of a list', () => {
    const entry = { parameters: { properties: { dirs: list } }, args: [['--allow', '{dirs}']] };
    expect(resolve(entry, { parameters: { dirs: ['/a', '/b'] } }).args).toEqual([
      '--allow',
      '/a',
      '--allow',
      '/b',
    ]);
  });

  it('puts a conditional group in only when its parameter is set and not false', () => {
    const flag = { type: 'boolean', description: 'A switch.' } as const;
    const entry = {
      parameters: { properties: { headless: flag } },
      args: [{ when: 'headless', args: ['--headless'] }],
    };
    expect(resolve(entry).args).toEqual([]);
    expect(resolve(entry, { parameters: { headless: false } }).args).toEqual([]);
    expect(resolve(entry, { parameters: { headless: true } }).args).toEqual(['--headless']);
  });

  it('never holds a value that a parameter brought as a reference of its own', () => {
    const entry = { parameters: { properties: { a: text, b: text } }, args: ['{a}'] };
    expect(resolve(entry, { parameters: { a: '{b}', b: 'no' } }).args).toEqual(['{b}']);
  });
});

describe('environment', () => {
  it('keeps variables with secrets apart', () => {
    const entry = {
      secrets: [{ name: 'token', description: 'A token.' }],
      parameters: { properties: { level: { ...text, default: 'info' } } },
      env: { TOKEN: 'Bearer {token}', LEVEL: '{level}' },
    };
    const resolved = resolve(entry, { secrets: { token: 's3cret' } });
    expect(resolved.env).toEqual({ LEVEL: 'info' });
    expect(resolved.secretEnv).toEqual({ TOKEN: 'Bearer s3cret' });
  });

  it('names the missing secret, where to get it and how to set it', () => {
    const entry = {
      secrets: [{ name: 'token', description: 'A token.', url: 'https://example.com/keys' }],
    };
    expect(() => resolve(entry)).toThrow(
      'demo needs the secret "token" (A token.), from https://example.com/keys; set it with `portolan secret set demo.token`',
    );
  });
});

describe('headers', () => {
  it('refuses a value that would end the header', () => {
    const entry = {
      npm: undefined,
      permissions: undefined,
      remote: {
        transport: 'streamable-http',
        url: 'https://example.com/mcp',
        headers: { Authorization: 'Bearer {token}' },
      },
      secrets: [{ name: 'token', description: 'A token.' }],
    } as const;
    const bad = { secrets: { token: 'x\r\nX-Evil: 1' } };
    expect(() => resolve(entry as unknown as ServerEntry, bad)).toThrow(/line break/);
  });

  it('encodes parameters in a URL, so that they cannot change the path', () => {
    const entry = {
      npm: undefined,
      permissions: undefined,
      remote: { transport: 'streamable-http', url: 'https://example.com/{team}/mcp' },
      parameters: { properties: { team: text } },
    } as unknown as ServerEntry;
    expect(resolve(entry, { parameters: { team: '../admin?x' } }).url).toBe(
      'https://example.com/..%2Fadmin%3Fx/mcp',
    );
  });
});

describe('volumes and network', () => {
  const path = { ...list, items: { type: 'string', format: 'path' } } as const;

  it('gives one volume a member, under the same path when no target is named', () => {
    const entry: Partial<ServerEntry> = {
      parameters: { properties: { dirs: path } },
      permissions: { network: 'none', volumes: [{ path: '{dirs}', access: 'read-only' }] },
      args: ['{dirs}'],
    };
    const resolved = resolve(entry, { parameters: { dirs: ['/a', 'C:\\work'] } });
    expect(resolved.volumes).toEqual([
      { source: '/a', target: '/a', access: 'read-only' },
      { source: 'C:\\work', target: '/c/work', access: 'read-only' },
    ]);
    expect(resolved.args).toEqual(['/a', '/c/work']);
  });

  it('tells the server the path inside when a target is named', () => {
    const entry: Partial<ServerEntry> = {
      parameters: { properties: { file: { ...text, format: 'path' } } },
      permissions: {
        network: 'none',
        volumes: [{ path: '{file}', target: '/data', access: 'read-write' }],
      },
      env: { FILE: '{file}' },
    };
    const resolved = resolve(entry, { parameters: { file: '/home/me/x' } });
    expect(resolved.volumes).toEqual([
      { source: '/home/me/x', target: '/data', access: 'read-write' },
    ]);
    expect(resolved.env).toEqual({ FILE: '/data' });
  });

  it('does not let a setting widen a host to a wildcard', () => {
    const entry: Partial<ServerEntry> = {
      parameters: { properties: { host: text } },
      permissions: { network: { allow: ['{host}:443'] } },
    };
    expect(resolve(entry, { parameters: { host: 'db.example.com' } }).network).toEqual([
      { host: 'db.example.com', port: 443, chosenByUser: true },
    ]);
    expect(() => resolve(entry, { parameters: { host: '*' } })).toThrow(/asks for a wildcard/);
    expect(() => resolve(entry, { parameters: { host: 'a:1 b' } })).toThrow(
      /not a host and a port/,
    );
  });
});

describe('parameters', () => {
  it.each([
    [{ type: 'integer', description: 'A number.' }, 1.5, 'must be a whole number'],
    [{ type: 'number', description: 'A number.', minimum: 1 }, 0, 'must be at least 1'],
    [{ type: 'string', description: 'A text.', pattern: '^a$' }, 'b', 'must match ^a$'],
    [{ type: 'string', description: 'A text.', enum: ['a', 'b'] }, 'c', 'must be one of a, b'],
    [{ type: 'boolean', description: 'A switch.' }, 'yes', 'must be a boolean'],
    [list, 'a', 'must be a list of texts'],
  ] as const)('%j refuses %j', (parameter, value, message) => {
    const entry = { parameters: { properties: { p: parameter } } } as unknown as ServerEntry;
    expect(() => resolve(entry, { parameters: { p: value } })).toThrow(
      `demo: parameter "p" ${message}`,
    );
  });

  it('reports a name that the entry does not have', () => {
    const entry = { parameters: { properties: { port: text } } };
    expect(() => resolve(entry, { parameters: { prot: '1' } })).toThrow(
      'demo has no parameter "prot"; it has port',
    );
  });
});
