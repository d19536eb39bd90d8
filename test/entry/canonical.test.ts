import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../core/entry/canonical.ts';

describe('canonical JSON', () => {
  it('sorts members by UTF-16 code units and drops white space (RFC 8785, 3.2.3)', () => {
    // The example of the RFC: euro sign, carriage return, dalet, 1, an emoji, a control, o-umlaut.
    const value = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 };
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\u{1f600}":5,"\ufb33":3}',
    );
  });

  it('writes numbers as RFC 8785, appendix B, has them', () => {
    expect(canonicalJson([1e21, 1e-7, 0.1, -0, 9007199254740991])).toBe(
      '[1e+21,1e-7,0.1,0,9007199254740991]',
    );
  });

  it('leaves out undefined members and keeps null', () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  it('sorts keys that objects keep in an order of their own', () => {
    const value = JSON.parse('{"b":{"9":1,"10":2},"__proto__":{"z":1,"a":2},"a":[{"d":1,"c":2}]}');
    expect(canonicalJson(value)).toBe(
      '{"__proto__":{"a":2,"z":1},"a":[{"c":2,"d":1}],"b":{"10":2,"9":1}}',
    );
  });

  it('writes objects by their members, whatever their toJSON says', () => {
    expect(canonicalJson({ b: new Date(0), a: 1 })).toBe('{"a":1,"b":{}}');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 0], [Symbol('x')]])(
    'refuses %s',
    (value) => {
      expect(() => canonicalJson({ value })).toThrow(TypeError);
    },
  );
});
