import { z } from 'zod';
import { SEQUENCE_PATTERN } from './sequence.ts';

/**
 * Records of the DDL topic (`ddlTopic`), for people and alerts: one for each statement that changes captured tables, one
 * whenever somebody has cleared alerts, and now and then what capture has to know of all before. Objects are loose: a reader accepts fields of newer minor versions.
 */

export const DDL_CLASSES = [
  'additive',
  'breaking',
  'rename',
  'truncate',
  'drop',
  'xa',
  'rows',
  'cascade',
  'exposure',
] as const;
export const DDL_POLICIES = ['apply', 'alert', 'pause-table'] as const;
/**
 * No DDL, but rows whose outcome the binlog does not tell: `xa`, the table is stopped; `rows`, the tables are read again;
 * `cascade`, foreign keys change rows of the tables without a trace. `exposure`: a statement has given a table a name under which
 * settings no longer hide what they hid; the table is stopped.
 */
export type DdlClass = (typeof DDL_CLASSES)[number];
/** What is to follow: sinks apply it; they do, and somebody shall look; the table waits for an operator. */
export type DdlPolicy = (typeof DDL_POLICIES)[number];

export const ddlSchema = z.looseObject({
  schema: z.looseObject({ version: z.literal(1), type: z.literal('ddl') }),
  payload: z.looseObject({
    /** The statement's sequence: the same whenever it is read. Of a change without a statement a free one near it. */
    id: z.string().regex(new RegExp(SEQUENCE_PATTERN)),
    class: z.enum(DDL_CLASSES),
    policy: z.enum(DDL_POLICIES),
    /** Captured tables as `database.table`; of a statement on a shadow table that one. */
    tables: z.array(z.string()),
    /** That the table belongs to an online schema change of a captured one: no alert, until it takes its place. */
    shadow: z.boolean(),
    /** That the statement makes the table. */
    created: z.boolean(),
    /** That the binlog has no statement of it: the table's columns were other than before when its next row came. */
    unseen: z.boolean().optional(),
    /** Without comments, and without texts but the members of ENUM and SET; at most 10,000 characters. */
    statement: z.string(),
    /** What an operator has to know or to do; '' for nothing. */
    advice: z.string(),
    source: z.looseObject({
      server: z.string(),
      database: z.string(),
      /** Milliseconds since 1970. */
      timestamp: z.number(),
      position: z.looseObject({ file: z.string(), offset: z.int().min(0) }),
      gtid: z.string().nullable(),
    }),
    captured_at: z.number(),
  }),
});

export const ddlClearedSchema = z.looseObject({
  schema: z.looseObject({ version: z.literal(1), type: z.literal('ddl-cleared') }),
  payload: z.looseObject({
    ids: z.array(z.string()),
    by: z.string(),
    reason: z.string(),
    /** Milliseconds since 1970. */
    at: z.number(),
  }),
});

/** What all records before it tell, in one or more records, so that capture need not read those. For nobody else: it says nothing new. */
export const ddlStateSchema = z.looseObject({
  schema: z.looseObject({ version: z.literal(1), type: z.literal('ddl-state') }),
  payload: z.looseObject({
    /** The first of those that belong together. */
    begins: z.boolean(),
    /** Oldest first. */
    statements: z.array(
      z.looseObject({
        entry: ddlSchema.shape.payload,
        /** One of the newest statements, for lists. */
        listed: z.boolean(),
        /** An alert that nobody has cleared. */
        open: z.boolean(),
      }),
    ),
    tables: z.array(
      z.looseObject({
        /** `database.table` */
        table: z.string(),
        /** Sequence of the newest statement after which its columns may be other than before. */
        changed: z.string().optional(),
        /** That somebody was told of its foreign keys. */
        cascade: z.boolean().optional(),
        /** What was done to it as the copy of an online schema change. */
        shadow: z
          .looseObject({ classes: z.array(z.enum(DDL_CLASSES)), statements: z.array(z.string()) })
          .optional(),
      }),
    ),
  }),
});

const recordSchema = z.union([ddlSchema, ddlClearedSchema, ddlStateSchema]);

export type DdlRecord = z.output<typeof ddlSchema>;
export type DdlClearedRecord = z.output<typeof ddlClearedSchema>;
export type DdlStateRecord = z.output<typeof ddlStateSchema>;

/** Version in the head of a record that `decodeDdlRecord` makes nothing of; undefined where it has none. */
export function ddlRecordVersion(value: Uint8Array): unknown {
  try {
    const written = JSON.parse(Buffer.from(value).toString('utf8')) as {
      schema?: { version?: unknown };
    } | null;
    return written?.schema?.version;
  } catch {
    return undefined;
  }
}

/** Null for what no version up to this one writes. */
export function decodeDdlRecord(value: Uint8Array): DdlRecord | DdlClearedRecord | DdlStateRecord | null {
  try {
    return recordSchema.parse(JSON.parse(Buffer.from(value).toString('utf8')));
  } catch {
    return null;
  }
}
