import { hash } from 'node:crypto';
import { z } from 'zod';
import type { ComparedTable } from '../compared-table.ts';
import type { KeyLiterals } from '../sums/key-range.ts';
import {
  askedSchema,
  compareReportSchema,
  differencesSchema,
  notSettledSchema,
  tableFindingsSchema,
} from './report.ts';
import type { Suspect } from './suspects.ts';

/** Goes up when what is kept gets another meaning. */
export const PLACE_VERSION = 1;

const count = z.int().min(0);
/** What `ColumnKind.literal` gives. It becomes a part of statements again, so nothing else may stand there. */
const literalSchema = z
  .string()
  .regex(/^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NULL|X'[\dA-F]*'|'(?:[^'\\]|\\.)*')$/is);
const literalsSchema = z.array(literalSchema).min(1);

/** How far rows in the order of their keys are compared. */
const reachedSchema = z.strictObject({
  /** Up to this key, and with it; null: none yet. */
  upTo: literalsSchema.nullable(),
  isEnd: z.boolean(),
  rows: count,
});

/** A row that is to be looked at again: what it was is read again. */
const suspectSchema = z.strictObject({
  identity: z.string(),
  isOfSource: z.boolean(),
  /** Null where the store's own row says another key than its place. */
  key: z.strictObject({ literals: literalsSchema, texts: z.array(z.string()) }).nullable(),
});

const sinkPlaceSchema = z.strictObject({
  /** By sums of ranges; null where it is compared row by row, with the others. */
  sums: reachedSchema.nullable(),
  expired: count,
  suspects: z.array(suspectSchema),
});

const tablePlaceSchema = z.strictObject({
  /** `database.table` */
  table: z.string(),
  /** Of its columns, key, condition and sinks: with others the place means nothing. */
  shape: z.string(),
  pages: reachedSchema,
  sinks: z.record(z.string(), sinkPlaceSchema),
});

/** Where a comparison is, and what it has found until there. It does not grow with the rows: lists are as long as in a report. */
export const comparePlaceSchema = z.strictObject({
  compare: z.literal('place'),
  version: z.literal(PLACE_VERSION),
  ...compareReportSchema.pick({
    sluice: true,
    pipeline: true,
    offline: true,
    startedAt: true,
    position: true,
    schemas: true,
    scope: true,
  }).shape,
  asked: askedSchema,
  found: z.strictObject({
    rows: count,
    isPartial: z.boolean(),
    tables: z.array(tableFindingsSchema),
    differences: differencesSchema,
    notSettled: notSettledSchema,
    unlisted: count,
  }),
  /** The last of the tables found, when it is not done; null between two. */
  table: tablePlaceSchema.nullable(),
});

export type ComparePlace = z.infer<typeof comparePlaceSchema>;
/** What the comparison itself knows of its place. */
export type RunningPlace = Pick<ComparePlace, 'found' | 'table'>;
export type TablePlace = z.infer<typeof tablePlaceSchema>;
export type Reached = z.infer<typeof reachedSchema>;
type KeptSuspect = z.infer<typeof suspectSchema>;

export const NOTHING_REACHED: Reached = { upTo: null, isEnd: false, rows: 0 };

/** `upTo` null: all of it. */
export function reached(upTo: KeyLiterals | null, rows: number): Reached {
  return { upTo: upTo === null ? null : [...upTo], isEnd: upTo === null, rows };
}

/** The comparison cannot go on from a place that was kept. */
export class PlaceRefused extends Error {}

export function shapeOf(
  table: ComparedTable,
  condition: string | null,
  sinks: readonly { readonly name: string; readonly isSummed: boolean }[],
): string {
  const columns = table.columns.map(({ name, sourceName, kind, collation }) => [
    name,
    sourceName ?? name,
    collation ?? '',
    kind.order ?? '',
    kind.select('c'),
  ]);
  return hash('sha256', JSON.stringify([columns, table.key, condition, sinks])).slice(0, 32);
}

export function keptSuspect({ identity, isOfSource, row }: Suspect, table: ComparedTable): KeptSuspect {
  if (row === null) return { identity, isOfSource, key: null };
  const texts = table.key.map((place) => row.values[place] ?? 'null');
  return { identity, isOfSource, key: { literals: [...row.keyLiterals], texts } };
}

/** It has nothing of both sides yet, so it is another one at the next look. */
export function suspectOf({ identity, isOfSource, key }: KeptSuspect, table: ComparedTable): Suspect {
  const nothing = { identity, isOfSource, source: null, found: null };
  if (key === null) return { ...nothing, row: null };
  const values = table.columns.map((_, place) => key.texts[table.key.indexOf(place)] ?? 'null');
  return { ...nothing, row: { values, keyLiterals: key.literals } };
}
