import { z } from 'zod';
import { DDL_POLICIES } from './ddl-record.ts';
import { SEQUENCE_PATTERN } from './sequence.ts';

/**
 * The wire contract as a schema: `schema/envelope-v1.schema.json` is generated from it, control records are checked by
 * it, and tests hold the hand-written row decoder (`decode.ts`) to it. Objects are loose: a reader accepts fields that
 * a newer minor version has added.
 */

const count = z.int().min(0);
const row = z.record(z.string(), z.unknown());

const source = z.looseObject({
  server: z.string().meta({ description: 'Logical name of the source server.' }),
  serverId: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .meta({ description: 'server_id of the server that made the change.' }),
  database: z.string(),
  table: z.string(),
  timestamp: z
    .number()
    .min(0)
    .meta({ description: 'Commit time in milliseconds since 1970; microseconds as a fraction.' }),
  position: z.looseObject({
    file: z.string(),
    offset: count.meta({ description: "64-bit offset of the event's first byte in the binlog file." }),
    row: count.meta({ description: 'Index of the row image in its event.' }),
  }),
  gtid: z.string().nullable(),
  snapshot: z.boolean(),
});

const metadata = z.looseObject({
  connector: z.literal('sluice'),
  version: z.string(),
  transaction_id: z.string().nullable(),
  event_index: count,
  captured_at: z.number().min(0).meta({ description: 'Milliseconds since 1970 on the capturing machine.' }),
});

const sequence = z.string().regex(new RegExp(SEQUENCE_PATTERN)).meta({
  description:
    'Total order of the changes of one source: generation (3 digits), binlog file number (6), offset (10).',
});

const policy = z.enum(DDL_POLICIES).optional().meta({
  description: 'What is set under `ddl` for changes of this class; absent: `apply`.',
});

function head<T extends string>(type: T) {
  return z.looseObject({
    version: z.literal(1).meta({ description: 'Major version of the envelope.' }),
    type: z.literal(type),
    table: count.meta({ description: "Version of the table's own schema; 0 where no table is meant." }),
  });
}

function control<T extends string>(type: T) {
  return { source, sequence, key: z.looseObject({ $sluice: z.literal(type) }), metadata };
}

const rowParts = { source, sequence, key: row, before: row.nullable(), metadata };

export const rowSchema = z.looseObject({
  schema: head('row'),
  payload: z.discriminatedUnion('operation', [
    z.looseObject({ ...rowParts, operation: z.enum(['INSERT', 'UPDATE', 'SNAPSHOT']), after: row }),
    z.looseObject({ ...rowParts, operation: z.literal('DELETE'), after: z.null() }),
  ]),
});

export const truncateSchema = z.looseObject({
  schema: head('truncate'),
  payload: z.looseObject({ ...control('truncate'), operation: z.literal('TRUNCATE'), policy }),
});

/** One word, lengths or members, and a sign: sinks make statements of it, and a record may come from anybody who can write to the topic. */
const SQL_TYPE =
  /^(?:[a-z][a-z0-9]*(?:\((?:\d+(?:,\d+)?|'(?:[^']|'')*'(?:,'(?:[^']|'')*')*)?\))?(?: unsigned)?|type \d+)$/;
const CHARSET = /^[a-z][a-z0-9_]*$/;

export const schemaSchema = z.looseObject({
  schema: head('schema'),
  payload: z.looseObject({
    ...control('schema'),
    columns: z.array(
      z.looseObject({
        name: z.string(),
        type: z.string().regex(SQL_TYPE).meta({ description: 'Canonical SQL type without display width.' }),
        nullable: z.boolean(),
        charset: z.string().regex(CHARSET).nullable(),
        generated: z.boolean().optional(),
      }),
    ),
    keyColumns: z.array(z.string()),
    change: z.enum(['create', 'additive', 'breaking', 'drop', 'rename']),
    ddl: z.string().optional(),
    policy,
    partitions: z.int().min(1).optional().meta({
      description: 'Partitions of the topic, all of which have this record.',
    }),
    previousChange: sequence.optional().meta({
      description:
        'Sequence of the change of the columns before this record, where there was one: who has not seen it has lost it to retention.',
    }),
    allRows: z.boolean().optional().meta({
      description:
        'Of a `create`: a snapshot begins here that brings all rows, and whose end removes what it has not brought.',
    }),
  }),
});

export const snapshotSchema = z.looseObject({
  schema: head('snapshot'),
  payload: z.looseObject({
    ...control('snapshot'),
    phase: z.enum(['begin', 'end']),
    job: z.string(),
    reconcile: z.boolean(),
    since: sequence.optional(),
    partitions: z.number().int().min(1).optional(),
  }),
});

export const heartbeatSchema = z.looseObject({
  schema: head('heartbeat'),
  payload: z.looseObject(control('heartbeat')),
});

export const envelopeSchema = z
  .union([rowSchema, truncateSchema, schemaSchema, snapshotSchema, heartbeatSchema])
  .meta({ title: 'Sluice envelope, version 1' });

/** The envelope as JSON Schema 2020-12. */
export function envelopeJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(envelopeSchema, { target: 'draft-2020-12', io: 'input' }) };
}
