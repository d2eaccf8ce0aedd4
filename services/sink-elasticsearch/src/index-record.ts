import type { Client, estypes } from '@elastic/elasticsearch';
import type { SchemaColumn, Sequence, TableName } from '@sluice/envelope';
import { PipelineError, refuseNewer } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { z } from 'zod';
import { fieldMapping } from './elasticsearch-mapper.ts';
import { CODES } from './errors.ts';

/** Whose rows an index holds. Index names are lower case and join names by dots: several tables may come to one. */
export interface IndexOwner {
  /** First part of the pipeline's topic names. */
  readonly prefix: string;
  readonly database: string;
  readonly table: string;
  /** Name of the sink where it is not that of its type. */
  readonly sink?: string | undefined;
}

const ownerSchema = z.object({
  prefix: z.string(),
  database: z.string(),
  table: z.string(),
  sink: z.string().optional(),
});

const recordSchema = z.object({
  /** Null: the table was dropped or renamed, and its rows are removed. */
  owner: ownerSchema.nullable(),
  /** The owner until then: its older records may come again. */
  formerOwner: ownerSchema.optional(),
  /** Of the newest schema record that the index has the fields of. */
  sequence: z.string(),
  /** By column: the type of field that this sink has made for it. */
  fields: z.record(z.string(), z.string()),
  /** The index that takes its place; a block that this one has is the sink's own. */
  movedTo: z.string().optional(),
});

/** What an index says of itself: `_meta.sluice` of its mapping. */
export type IndexRecord = z.output<typeof recordSchema>;

export interface FoundIndex {
  /** Name of the index itself: the table's own name may be an alias. */
  readonly name: string;
  readonly uuid: string;
  readonly fields: Readonly<Record<string, { readonly type?: string }>>;
  readonly aliases: readonly string[];
  /** Whether a write is acknowledged before it is on disk (`index.translog.durability`). */
  readonly isAsync: boolean;
  /** Whether it takes no writes (`index.blocks.write`), or did so when a block was lifted while it was being set: that leaves a block without a setting. */
  readonly isBlocked: boolean;
  /** The latter: no person wants that. */
  readonly isHalfBlocked: boolean;
  /** When the index was made, by the cluster's clock; 0 where it does not tell. */
  readonly madeAtMs: number;
  /** Null: made by hand, or by a version that wrote none. */
  readonly record: IndexRecord | null;
  /** The data stream that it is a part of. */
  readonly dataStream: string | null;
  /** What others have put beside it. */
  readonly meta: Readonly<Record<string, unknown>>;
}

export function ownerOf(
  { prefix, named }: Pick<SinkContext, 'prefix' | 'named'>,
  { database, table }: TableName,
): IndexOwner {
  return { prefix, database, table, ...(named === null ? {} : { sink: named }) };
}

export function isSameOwner(a: IndexOwner, b: IndexOwner): boolean {
  return a.prefix === b.prefix && a.database === b.database && a.table === b.table && a.sink === b.sink;
}

/** Null when there is none. `index` may be an alias. Throws the client's errors and RECORD_TOO_NEW. */
export async function findIndex(client: Client, index: string): Promise<FoundIndex | null> {
  const [found = null] = await findIndexes(client, index);
  return found;
}

/** All that these names, aliases or patterns lead to. Throws as `findIndex`. */
export async function findIndexes(client: Client, ...index: string[]): Promise<readonly FoundIndex[]> {
  const answer = await client.indices.get({ index, allow_no_indices: true, ignore_unavailable: true });
  return Object.entries(answer).map(([name, state]) => foundIndex(name, state));
}

function foundIndex(
  name: string,
  { mappings = {}, settings, aliases = {}, data_stream: dataStream }: estypes.IndicesIndexState,
): FoundIndex {
  const meta = mappings._meta ?? {};
  refuseNewer(
    `_meta.sluice of index ${name}`,
    (meta['sluice'] as { version?: unknown } | undefined)?.version,
    1,
  );
  const parsed = recordSchema.safeParse(meta['sluice']);
  const { uuid = '', translog, blocks, creation_date: madeAt, ...rest } = settings?.index ?? settings ?? {};
  const isWriteBlocked = String(blocks?.write) === 'true';
  const isVerified = String(rest['verified_read_only']) === 'true';
  const fields = (mappings.properties ?? {}) as FoundIndex['fields'];
  return {
    name,
    uuid,
    isAsync: translog?.durability?.toLowerCase() === 'async',
    isBlocked: isWriteBlocked || isVerified,
    isHalfBlocked: isVerified && !isWriteBlocked,
    madeAtMs: Number(madeAt ?? 0),
    aliases: Object.keys(aliases),
    fields,
    dataStream: dataStream ?? null,
    meta,
    record: parsed.success ? parsed.data : null,
  };
}

/** The error of a table whose rows would come among another's. */
export function sharedIndex(index: string, wanted: IndexOwner, owner: IndexOwner): PipelineError {
  return new PipelineError(
    CODES.ELASTICSEARCH_INDEX_REFUSED,
    `${nameOf(wanted)} would share index ${index} with ${nameOf(owner)}: leave one of the two out of \`tables\` of the source, or give the sink ` +
      `another \`indexPrefix\`, or one of the two another name in \`indexes\`; if ${nameOf(owner)} no longer exists, delete the index`,
  );
}

function nameOf({ prefix, database, table, sink }: IndexOwner): string {
  const ofSink = sink === undefined ? '' : `, sink ${sink}`;
  return `table ${JSON.stringify(table)} of database ${JSON.stringify(database)} (topics ${JSON.stringify(prefix)}${ofSink})`;
}

/** Types of field that refuse an object. */
const REFUSES_OBJECTS = /^(text|keyword|long|integer|double|float|date|binary|ip)$/;

/** Columns whose field this sink has made, and that is of another type than the column now needs. */
export function retypedColumns(
  { fields, record }: FoundIndex,
  columns: readonly SchemaColumn[],
): readonly SchemaColumn[] {
  return columns.filter(({ name, type }) => {
    const present = Object.hasOwn(fields, name) ? fields[name]?.type : undefined;
    const wanted = fieldMapping(type).type;
    if (present === undefined || present === wanted) return false;
    if (record !== null) return Object.hasOwn(record.fields, name) && record.fields[name] === present;
    return wanted === 'object' && REFUSES_OBJECTS.test(present);
  });
}

/** The mapping's `_meta` after a schema record: fields of columns that are gone stay where they are. */
export function metaOf(
  owner: IndexOwner | null,
  sequence: Sequence,
  columns: readonly SchemaColumn[],
  before?: FoundIndex,
): estypes.Metadata {
  const made = columns
    .map(({ name, type }) => [name, fieldMapping(type).type] as const)
    .filter(([name, type]) => (before?.fields[name]?.type ?? type) === type);
  const fields = { ...before?.record?.fields, ...Object.fromEntries(made) };
  const record: IndexRecord = { owner, sequence, fields };
  return { ...before?.meta, sluice: record };
}
