import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEnvelope } from '../src/decode.ts';
import { EnvelopeError } from '../src/errors.ts';
import { envelopeSchema } from '../src/schema.ts';
import { anyEnvelope, rowEnvelope } from './arbitrary.ts';

const schemaFile = new URL('../schema/envelope-v1.schema.json', import.meta.url);
const accepts = new Ajv2020().compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The code of the refusal, or `accepted`. */
function verdict(value: Uint8Array): string {
  try {
    decodeEnvelope(value);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(EnvelopeError);
    return (error as EnvelopeError).code;
  }
}

/** The three descriptions of the contract must say the same of every value. */
function agree(value: unknown): { decoder: boolean; zod: boolean; jsonSchema: boolean } {
  const wire: unknown = JSON.parse(JSON.stringify(value));
  return {
    decoder: verdict(bytes(value)) === 'accepted',
    zod: envelopeSchema.safeParse(wire).success,
    jsonSchema: accepts(wire),
  };
}

interface Mutation {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** All paths into an envelope except into row values, which may be anything. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const isValue = ['key', 'before', 'after', 'extra', 'traceparent', 'x'].includes(path.at(-1) ?? '');
  if (typeof value !== 'object' || value === null || isValue) return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...path, name]))];
}

function mutate(envelope: unknown, { path, value }: Mutation): unknown {
  if (path.length === 0) return value ?? null;
  const copy = structuredClone(envelope) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((inner, name) => inner[name] as Record<string, unknown>, copy);
  const last = path.at(-1) ?? '';
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

const replacement = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  'text',
  '',
  0,
  -1,
  0.5,
  2 ** 53,
  4_294_967_296,
  1e308,
  [],
  {},
  [1],
  { a: 1 },
  'row',
  'schema',
  'DELETE',
  'INSERT',
  'TRUNCATE',
  '0010000020053760849',
  '0000000020053760849',
);

const mutated = anyEnvelope.chain((envelope) =>
  fc
    .record({ path: fc.constantFrom(...pathsOf(envelope)), value: replacement })
    .map((mutation) => mutate(envelope, mutation)),
);

describe('the decoder, the zod schema and the committed JSON Schema', () => {
  test('accept every envelope, which the decoder gives as it was', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(agree(envelope)).toEqual({ decoder: true, zod: true, jsonSchema: true });
        expect(decodeEnvelope(bytes(envelope))).toEqual(JSON.parse(JSON.stringify(envelope)));
      }),
      { numRuns: 500 },
    );
  });

  test('agree on every envelope with one thing changed or left out', () => {
    fc.assert(
      fc.property(mutated, (value) => {
        const { decoder, zod, jsonSchema } = agree(value);
        expect([zod, jsonSchema]).toEqual([decoder, decoder]);
      }),
      { numRuns: 5000 },
    );
  }, 120_000);

  test('refuse a row envelope without any one of its fields', () => {
    const [envelope] = fc.sample(rowEnvelope, { numRuns: 1, seed: 7 });
    const required = pathsOf(envelope).filter(
      (path) => path.length > 0 && !['extra', 'traceparent', 'x'].includes(path.at(-1) ?? ''),
    );
    expect(required.length).toBeGreaterThan(20);
    const missed = required.filter(
      (path) => verdict(bytes(mutate(envelope, { path, value: undefined }))) === 'accepted',
    );
    expect(missed).toEqual([]);
  });
});

describe('refusals', () => {
  const [row] = fc.sample(rowEnvelope, { numRuns: 1, seed: 1 });

  test('what is not JSON in UTF-8 is NOT_JSON', () => {
    expect(verdict(Buffer.from('{'))).toBe('NOT_JSON');
    expect(verdict(Buffer.alloc(0))).toBe('NOT_JSON');
    expect(verdict(Buffer.concat([bytes(row), Buffer.from('x')]))).toBe('NOT_JSON');
    expect(verdict(Buffer.from([0x22, 0xff, 0x22]))).toBe('NOT_JSON');
  });

  test('another major version is UNKNOWN_MAJOR whatever else is in it', () => {
    expect(verdict(bytes({ schema: { version: 2 } }))).toBe('UNKNOWN_MAJOR');
    expect(verdict(bytes(mutate(row, { path: ['schema', 'version'], value: 2 })))).toBe('UNKNOWN_MAJOR');
  });

  test('JSON that is no envelope is INVALID, and the message names the field without its value', () => {
    for (const value of [
      null,
      1,
      'x',
      [],
      {},
      { schema: null },
      { schema: { version: '1' } },
      { schema: { version: 1, type: 'x' } },
    ]) {
      expect(verdict(bytes(value))).toBe('INVALID');
    }
    const wrong = bytes(mutate(row, { path: ['payload', 'sequence'], value: 'ann' }));
    expect(() => decodeEnvelope(wrong)).toThrow(/^not a valid envelope at payload\.sequence$/);
  });

  test('a number that overflows is refused', () => {
    const text = JSON.stringify(
      mutate(row, { path: ['payload', 'source', 'timestamp'], value: 4711 }),
    ).replace('4711', '1e999');
    expect(verdict(Buffer.from(text))).toBe('INVALID');
  });

  test('refusals of the parser do not quote the text', () => {
    expect(() => decodeEnvelope(Buffer.from('{"name":"ann'))).toThrow(/^the value is not JSON$/);
  });
});

test('a view into a larger buffer is read within its bounds', () => {
  const [row] = fc.sample(rowEnvelope, { numRuns: 1, seed: 3 });
  const value = bytes(row);
  const padded = Buffer.concat([Buffer.from('xx'), value, Buffer.from('yy')]);
  expect(decodeEnvelope(new Uint8Array(padded.buffer, padded.byteOffset + 2, value.length))).toEqual(
    JSON.parse(value.toString()),
  );
});

test.each([
  'int, RENAME TO `sluice`.`stolen` -- ',
  "enum('a','b') , DROP COLUMN x",
  "varchar(9)) ENGINE=FEDERATED CONNECTION='x",
  'int DEFAULT (sleep(9))',
  "enum('a'')",
  'INT',
  '',
])('a schema record with a column of the type %j is none', (type) => {
  const column = (more: object): unknown => ({
    schema: { version: 1, type: 'schema', table: 1 },
    payload: {
      ...fc.sample(anyEnvelope, { seed: 1, numRuns: 200 }).find(({ schema }) => schema.type === 'schema')!
        .payload,
      columns: [{ name: 'a', type: 'int', nullable: true, charset: null, ...more }],
    },
  });
  expect(verdict(bytes(column({})))).toBe('accepted');
  expect(verdict(bytes(column({ type })))).toBe('INVALID');
  expect(verdict(bytes(column({ charset: 'latin1 -- ' })))).toBe('INVALID');
});

describe('values that no column holds', () => {
  const isUpdate = (envelope: object): boolean => JSON.stringify(envelope).includes('"operation":"UPDATE"');
  const withValue = (text: string, member: 'after' | 'before' | 'key'): Buffer => {
    const [envelope] = fc.sample(rowEnvelope.filter(isUpdate), 1);
    // Not by its name alone: an unknown member may have a part of that name.
    const payload = { ...envelope?.payload, [member]: 'HERE' };
    return Buffer.from(JSON.stringify({ ...envelope, payload }).replace('"HERE"', `{"a":${text}}`));
  };

  test.each(['after', 'before', 'key'] as const)('in %s', (member) => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(verdict(withValue('1e308', member))).toBe('accepted');
    expect(verdict(withValue('1e999', member))).toBe('INVALID');
    expect(verdict(withValue('{"b":[1,-1e999]}', member))).toBe('INVALID');
    expect(verdict(withValue(deep(100), member))).toBe('accepted');
    expect(verdict(withValue(deep(200_000), member))).toBe('INVALID');
  });
});
