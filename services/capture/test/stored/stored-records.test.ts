import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { historySchema, parseHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import {
  checkpointSchema,
  openCheckpoint,
  sealCheckpoint,
  type Checkpoint,
} from '../../src/state/checkpoint.ts';
import { earlierCheckpoint, earlierHistory, earlierSealed } from './earlier-readers.ts';

interface Stored {
  readonly key: string;
  readonly value: string;
}

/** As version 0.1.0 first wrote them, by its own writers. */
const earlier = JSON.parse(
  readFileSync(new URL('./earlier-records.json', import.meta.url), 'utf8'),
) as Readonly<Record<'checkpoints' | 'history' | 'ddl', readonly Stored[]>>;

/** Their members are names of tables. */
const MAPS = new Set(['snapshot', 'followed']);

/** The same with a member in every object that nobody knows yet. */
function ofLater(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => ofLater(item));
  if (typeof value !== 'object' || value === null) return value;
  const members = (Object.entries(value) as [string, unknown][]).map(([name, member]) => [
    name,
    MAPS.has(name) ? member : ofLater(member),
  ]);
  return { ...(Object.fromEntries(members) as object), later: { of: ['a', 'version', 'to', 'come'] } };
}

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const parsed = ({ value }: Stored): unknown => JSON.parse(value);
const withVersion = (value: unknown, version: object): Buffer => bytes({ ...(value as object), ...version });
const TOO_NEW = expect.objectContaining({ code: 'RECORD_TOO_NEW' }) as unknown;

test.each(earlier.checkpoints.map(parsed) as { checkpoint: Checkpoint }[])(
  'a checkpoint of an earlier version, and of a later one',
  (sealed) => {
    const { checkpoint } = sealed;
    expect(openCheckpoint(bytes(sealed))).toEqual(checkpoint);
    const later = sealCheckpoint(ofLater(checkpoint) as Checkpoint);
    expect(openCheckpoint(withVersion(later, { later: 1 }))).toEqual(checkpoint);
    const tooNew = sealCheckpoint({ ...(ofLater(checkpoint) as Checkpoint), version: 2 as 1 });
    expect(() => openCheckpoint(bytes(tooNew))).toThrow(TOO_NEW);
  },
);

test.each(earlier.history.map(parsed))(
  'a table version of an earlier version, and of a later one',
  (record) => {
    expect(parseHistoryRecord(bytes(record))).toEqual(record);
    expect(parseHistoryRecord(bytes(ofLater(record)))).toEqual(record);
    expect(() => parseHistoryRecord(withVersion(record, { format: 2 }))).toThrow(TOO_NEW);
  },
);

test('the DDL topic of an earlier version, and of a later one', () => {
  const journalOf = (records: readonly unknown[]): DdlJournal => {
    const journal = new DdlJournal();
    for (const record of records) journal.restore(bytes(record));
    return journal;
  };
  const records = earlier.ddl.map(parsed);
  const ids = ({ alerts }: DdlJournal): string[] => alerts.map(({ id }) => id);
  const journal = journalOf(records);
  expect(ids(journal)).toEqual([1001, 1002, 1003, 1004].map((offset) => `001000002000000${offset}`));
  expect([journal.history().length, journal.isStopped('shop.orders')]).toEqual([9, true]);
  expect(ids(journalOf(records.map(ofLater)))).toEqual(ids(journal));
  const tooNew = withVersion(records[0], { schema: { version: 2, type: 'ddl' } });
  expect(() => new DdlJournal().restore(tooNew)).toThrow(TOO_NEW);
});

/** Every member that a schema knows, `a.b[].c`. */
function membersOf(schema: z.ZodType): string[] {
  const walk = (node: z.core.JSONSchema.BaseSchema, path: string): string[] => [
    ...Object.entries(node.properties ?? {}).flatMap(([name, member]) => [
      `${path}.${name}`,
      ...walk(member as z.core.JSONSchema.BaseSchema, `${path}.${name}`),
    ]),
    ...[node.items, node.additionalProperties, ...(node.anyOf ?? [])].flatMap((inner) =>
      typeof inner === 'object' && !Array.isArray(inner) ? walk(inner, `${path}[]`) : [],
    ),
  ];
  return [...new Set(walk(z.toJSONSchema(schema, { unrepresentable: 'any' }), ''))].sort();
}

test('nothing is written that an earlier version refuses', () => {
  // Written only with a setting that an earlier version refuses, or by an order that it does not know, until that is taken back.
  const ofOurs = ['.snapshots.known', '.snapshots.jobs[].maxRowsPerSecond'];
  expect(membersOf(checkpointSchema).filter((member) => !ofOurs.includes(member))).toEqual(
    membersOf(earlierCheckpoint),
  );
  expect(membersOf(historySchema)).toEqual(membersOf(earlierHistory));
  for (const record of earlier.checkpoints.map(parsed)) {
    const { checkpoint } = record as { checkpoint: Checkpoint };
    expect(() => earlierSealed.parse(sealCheckpoint(openCheckpoint(bytes(record))))).not.toThrow();
    expect(sealCheckpoint(checkpoint)).toEqual(record);
  }
  for (const record of earlier.history.map(parsed))
    expect(() => earlierHistory.parse(parseHistoryRecord(bytes(record)))).not.toThrow();
});
