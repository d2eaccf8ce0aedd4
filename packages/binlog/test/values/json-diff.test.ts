import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BinlogError, ByteWriter } from '../../src/index.ts';
import { writePatchedJson } from '../../src/values/json-diff.ts';
import { diffBytes, type Difference } from '../support/diff-bytes.ts';
import { jsonbBytes, type Json } from '../support/jsonb-bytes.ts';

function patched(before: Json, differences: readonly Difference[]): string {
  return patchedBytes(jsonbBytes(before), diffBytes(differences));
}

function patchedBytes(document: Buffer, differences: Buffer): string {
  const out = new ByteWriter(1);
  writePatchedJson(whole(document), whole(differences), out);
  return out.bytes.toString('utf8', 0, out.position);
}

function whole(source: Buffer): { source: Buffer; start: number; end: number } {
  return { source, start: 0, end: source.length };
}

describe('differences make the document after', () => {
  test.each<[string, Json, Difference, string]>([
    [
      'replace a member',
      { a: 1, bb: 2 },
      { operation: 'replace', path: '$.bb', value: [1.5] },
      '{"a":1,"bb":[1.5]}',
    ],
    ['replace a cell', [1, 2, 3], { operation: 'replace', path: '$[1]', value: 'x' }, '[1,"x",3]'],
    ['replace the last cell', [1, 2, 3], { operation: 'replace', path: '$[last]', value: 'x' }, '[1,2,"x"]'],
    [
      'replace in the depth',
      { a: [{ b: 1 }] },
      { operation: 'replace', path: '$.a[0].b', value: {} },
      '{"a":[{"b":{}}]}',
    ],
    [
      'shorter names stand in front',
      { bb: 1, cc: 2 },
      { operation: 'insert', path: '$.d', value: 0 },
      '{"d":0,"bb":1,"cc":2}',
    ],
    [
      'names of one length by bytes',
      { aa: 1, cc: 2 },
      { operation: 'insert', path: '$.bb', value: 0 },
      '{"aa":1,"bb":0,"cc":2}',
    ],
    ['insert before a cell', [1, 2], { operation: 'insert', path: '$[1]', value: 9 }, '[1,9,2]'],
    ['insert behind the end', [1, 2], { operation: 'insert', path: '$[7]', value: 9 }, '[1,2,9]'],
    ['insert before the beginning', [1, 2], { operation: 'insert', path: '$[last-5]', value: 9 }, '[9,1,2]'],
    ['remove a member', { a: 1, b: 2 }, { operation: 'remove', path: '$.a' }, '{"b":2}'],
    ['remove a cell', [1, 2, 3], { operation: 'remove', path: '$[0]' }, '[2,3]'],
    ['remove all there is', { a: [1] }, { operation: 'remove', path: '$.a[0]' }, '{"a":[]}'],
    [
      'a quoted name',
      { 'a "b".c': 1 },
      { operation: 'replace', path: '$."a \\"b\\".c"', value: 2 },
      '{"a \\"b\\".c":2}',
    ],
    ['a name of letters', { größe: 1 }, { operation: 'replace', path: '$.größe', value: 2 }, '{"größe":2}'],
  ])('%s', (_what, before, difference, after) => {
    expect(patched(before, [difference])).toBe(after);
  });

  test('none at all leave it as it is', () => {
    expect(patched({ a: [1, 'x'] }, [])).toBe('{"a":[1,"x"]}');
  });

  test('each applies to what the one before left', () => {
    expect(
      patched({ a: 1 }, [
        { operation: 'insert', path: '$.b', value: [1] },
        { operation: 'insert', path: '$.b[1]', value: { c: 2 } },
        { operation: 'replace', path: '$.b[1].c', value: 'z' },
        { operation: 'remove', path: '$.b[0]' },
        { operation: 'remove', path: '$.a' },
      ]),
    ).toBe('{"b":[{"c":"z"}]}');
  });
});

describe('a difference that does not fit is refused', () => {
  test.each<[string, Json, Difference]>([
    ['the root itself', [1], { operation: 'replace', path: '$', value: 1 }],
    ['replacing what is not there', { a: 1 }, { operation: 'replace', path: '$.b', value: 1 }],
    ['replacing a cell that is not there', [1], { operation: 'replace', path: '$[1]', value: 1 }],
    ['inserting what is there', { a: 1 }, { operation: 'insert', path: '$.a', value: 1 }],
    ['a member of an array', [1], { operation: 'insert', path: '$.a', value: 1 }],
    ['a cell of an object', { a: 1 }, { operation: 'insert', path: '$[0]', value: 1 }],
    ['removing what is not there', { a: 1 }, { operation: 'remove', path: '$.b' }],
    ['a path through a scalar', { a: 1 }, { operation: 'replace', path: '$.a.b', value: 1 }],
    ['a wildcard', [1], { operation: 'remove', path: '$[*]' }],
    ['a range', [1, 2], { operation: 'remove', path: '$[0 to 1]' }],
    ['a path without its root', { a: 1 }, { operation: 'remove', path: '.a' }],
    ['a quotation that does not end', { a: 1 }, { operation: 'remove', path: '$."a' }],
    ['an escape outside quotes', { a: 1 }, { operation: 'remove', path: '$.\\u0061' }],
  ])('%s', (_what, before, difference) => {
    expect(() => patched(before, [difference])).toThrow(BinlogError);
  });

  test.each([
    ['an operation that does not exist', '0303242e61'],
    ['a path beyond the end', '0240242e61'],
    ['a value beyond the end', '0003242e617f05'],
    ['a value without bytes', '0003242e6100'],
  ])('%s', (_what, hex) => {
    expect(() => patchedBytes(jsonbBytes({ a: 1 }), Buffer.from(hex, 'hex'))).toThrow(BinlogError);
  });

  test('a document that holds itself ends', () => {
    const endless = Buffer.from('0201000800020000ff', 'hex');
    expect(() =>
      patchedBytes(endless, diffBytes([{ operation: 'insert', path: '$[1]', value: 1 }])),
    ).toThrow();
  });
});

/** A document as the server keeps it: names ordered by length, then by bytes. */
function stored(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => stored(item));
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value as { readonly [key: string]: Json });
  members.sort(
    ([one], [other]) => Buffer.byteLength(one) - Buffer.byteLength(other) || (one < other ? -1 : 1),
  );
  return Object.fromEntries(members.map(([name, item]) => [`k${name}`, stored(item)]));
}

const { document } = fc.letrec<{ document: Json }>((tie) => ({
  document: fc
    .oneof(
      { maxDepth: 4, depthSize: 'medium' },
      fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -9, max: 9 }), fc.string({ maxLength: 9 })),
      fc.array(tie('document'), { minLength: 1, maxLength: 5 }),
      fc.dictionary(fc.string({ maxLength: 3, unit: 'grapheme-ascii' }), tie('document'), { maxKeys: 5 }),
    )
    .map(stored),
}));

/** Replaces the value at the end of a random walk; the model is a plain JavaScript value. */
function replaceSomewhere(
  root: Json,
  choices: readonly number[],
  value: Json,
): { path: string; after: Json } | null {
  const after = structuredClone(root);
  let holder = after as Record<string, Json> | Json[];
  let path = '$';
  for (const [step, choice] of choices.entries()) {
    if (holder === null || typeof holder !== 'object') return null;
    const names = Object.keys(holder);
    if (names.length === 0) return null;
    const name = names[choice % names.length]!;
    path += Array.isArray(holder) ? `[${name}]` : `.${JSON.stringify(name)}`;
    const target = holder as Record<string, Json>;
    if (step === choices.length - 1) target[name] = value;
    else holder = target[name] as Record<string, Json>;
  }
  return { path, after };
}

test('random documents with a value replaced anywhere', () => {
  fc.assert(
    fc.property(
      document,
      fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      document,
      (before, choices, value) => {
        const change = replaceSomewhere(before, choices, value);
        fc.pre(change !== null);
        expect(patched(before, [{ operation: 'replace', path: change.path, value }])).toBe(
          JSON.stringify(change.after),
        );
      },
    ),
    { numRuns: 500 },
  );
});
