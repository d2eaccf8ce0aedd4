import fc from 'fast-check';

/** One call that the server may log as a difference: a function, a walk into the document, a value. */
interface Call {
  readonly name: 'JSON_SET' | 'JSON_REPLACE' | 'JSON_REMOVE';
  /** Which child to enter at each step; too large a number leads to something that is not there. */
  readonly walk: readonly number[];
  readonly value: string;
}

export type Update = readonly Call[];

const text = fc.oneof(
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.string({ minLength: 100, maxLength: 300 }),
);
const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }).map((value) => JSON.stringify(value));

/** SQL expressions of everything that can be put into a document. */
const value = fc.oneof(
  fc.constantFrom(
    'NULL',
    'true',
    '18446744073709551615',
    '-9223372036854775808',
    '1.50',
    '1e100',
    '-0e0',
    `CAST('2026-11-21 09:05:34.233197' AS DATETIME(6))`,
    `CAST('-12:34:56.5' AS TIME(6))`,
    `DATE '2026-11-21'`,
    `CAST('12.340' AS DECIMAL(9,3))`,
    `X'00FF01'`,
    'CAST(0 AS DOUBLE)',
    'JSON_OBJECT()',
    'JSON_ARRAY()',
  ),
  fc.integer({ min: -100_000, max: 100_000 }).map(String),
  text.map(quote),
  json.map((document) => `CAST(${quote(document)} AS JSON)`),
);

const call = fc.record({
  name: fc.constantFrom('JSON_SET' as const, 'JSON_REPLACE' as const, 'JSON_REMOVE' as const),
  walk: fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }),
  value,
});

const update: fc.Arbitrary<Update> = fc.array(call, { minLength: 1, maxLength: 3 });

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'bb',
    'größe',
    '日本',
    '',
    ' ',
    'a.b',
    '"q"',
    'back\\slash',
    '$',
    '[0]',
    'x\ty',
    '😀',
  ),
  fc.string({ maxLength: 5, unit: 'grapheme' }),
);
const document = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    fc.oneof(fc.constantFrom(null, true, 1.5, 70_000, 2 ** 40), text),
    fc.array(tie('node'), { maxLength: 6 }),
    fc.dictionary(name, tie('node'), { maxKeys: 6 }),
  ),
})).node;

/** Long enough that a difference is shorter than the whole document, which is when the server logs one. */
const longDocument = fc
  .tuple(document, document)
  .map(([a, b]) => JSON.stringify({ a, b, list: [a, b, 'x'.repeat(400)], pad: 'y'.repeat(400) }));

export function randomDocuments(seed: number, count: number): string[] {
  return fc.sample(longDocument, { seed, numRuns: count });
}

export function randomUpdates(seed: number, count: number): Update[] {
  return fc.sample(update, { seed, numRuns: count });
}

export function quote(literal: string): string {
  return `'${literal.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The SQL expression of an update of column `j`, which holds `current` now. */
export function updateExpression(calls: Update, current: unknown): string {
  return calls.reduce((inner, { name: callee, walk, value: operand }) => {
    const path = quote(walkPath(walk, current));
    return callee === 'JSON_REMOVE'
      ? `JSON_REMOVE(${inner}, ${path})`
      : `${callee}(${inner}, ${path}, ${operand})`;
  }, 'j');
}

function walkPath(walk: readonly number[], root: unknown): string {
  let path = '$';
  let node = root;
  for (const choice of walk) {
    if (Array.isArray(node)) {
      path += choice === 7 ? '[last]' : choice === 6 ? '[last-1]' : `[${choice}]`;
      node = node[choice];
    } else if (node !== null && typeof node === 'object') {
      const names = Object.keys(node);
      const entered = names[choice] ?? `new ${choice}`;
      path += `.${JSON.stringify(entered)}`;
      node = (node as Record<string, unknown>)[entered];
    } else break;
  }
  return path === '$' ? '$.a' : path;
}
