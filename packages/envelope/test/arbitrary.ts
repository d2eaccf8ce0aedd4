import fc from 'fast-check';
import type { Envelope, JsonValue } from '../src/envelope.ts';
import { formatSequence } from '../src/sequence.ts';

/** Generators of every kind of envelope, as they come off the wire: values that survive JSON. */

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'binary', maxLength: 8 });
const name = fc.string({ minLength: 1, maxLength: 8 });
const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: false }) as fc.Arbitrary<JsonValue>;
const row = fc.dictionary(name, json, { maxKeys: 4 });
const extra = fc.dictionary(fc.constantFrom('extra', 'traceparent', 'x'), json, { maxKeys: 1 });

const sequence = fc
  .tuple(fc.integer({ min: 1, max: 921 }), fc.nat({ max: 999_999 }), fc.nat({ max: 9_999_999_999 }))
  .map(([generation, file, offset]) => formatSequence(generation, file, offset));

const time = fc.nat({ max: 4e15 }).map((micros) => micros / 1000);

const source = fc.record({
  server: name,
  serverId: fc.nat({ max: 4_294_967_295 }),
  database: text,
  table: text,
  timestamp: time,
  position: fc.record({ file: name, offset: count, row: count }),
  gtid: fc.option(text),
  snapshot: fc.boolean(),
});

const metadata = fc.record({
  connector: fc.constant('sluice' as const),
  version: fc.constantFrom('0.1.0', '1.22.333'),
  transaction_id: fc.option(text),
  event_index: count,
  captured_at: time,
});

function head<T extends string>(type: T) {
  return fc.record({ version: fc.constant(1 as const), type: fc.constant(type), table: count });
}

function control<T extends string, M>(type: T, more: fc.Arbitrary<M>) {
  const parts = { source, sequence, key: fc.record({ $sluice: fc.constant(type) }), metadata };
  return fc.record({ schema: head(type), payload: fc.tuple(extra, fc.record(parts), more).map(merge) });
}

function merge(parts: readonly unknown[]): object {
  return Object.assign({}, ...parts) as object;
}

const change = fc.oneof(
  fc.record({ operation: fc.constantFrom('INSERT', 'UPDATE', 'SNAPSHOT'), after: row }),
  fc.record({ operation: fc.constant('DELETE'), after: fc.constant(null) }),
);

export const rowEnvelope = fc.record({
  schema: fc.tuple(extra, head('row')).map(merge),
  payload: fc
    .tuple(extra, fc.record({ source, sequence, key: row, before: fc.option(row), metadata }), change)
    .map(merge),
}) as fc.Arbitrary<Envelope>;

const members = fc.array(text, { minLength: 1, maxLength: 3 });
const sqlType = fc.oneof(
  fc.constantFrom(
    'int',
    'bigint unsigned',
    'decimal(10,2) unsigned',
    'varchar(9)',
    'json',
    'inet6',
    'type 99',
  ),
  members.map((all) => `enum(${all.map((member) => `'${member.replaceAll("'", "''")}'`).join(',')})`),
);
const charset = fc.constantFrom('utf8mb4', 'latin1', 'ucs2');

const column = fc.record(
  { name, type: sqlType, nullable: fc.boolean(), charset: fc.option(charset), generated: fc.boolean() },
  { requiredKeys: ['name', 'type', 'nullable', 'charset'] },
);

export const controlEnvelope = fc.oneof(
  control('truncate', fc.record({ operation: fc.constant('TRUNCATE') })),
  control(
    'schema',
    fc.record(
      {
        columns: fc.array(column, { maxLength: 3 }),
        keyColumns: fc.array(name, { maxLength: 2 }),
        change: fc.constantFrom('create', 'additive', 'breaking', 'drop', 'rename'),
        ddl: text,
      },
      { requiredKeys: ['columns', 'keyColumns', 'change'] },
    ),
  ),
  control(
    'snapshot',
    fc.record({ phase: fc.constantFrom('begin', 'end'), job: name, reconcile: fc.boolean() }),
  ),
  control('heartbeat', fc.constant({})),
) as fc.Arbitrary<Envelope>;

export const anyEnvelope = fc.oneof(rowEnvelope, controlEnvelope);
