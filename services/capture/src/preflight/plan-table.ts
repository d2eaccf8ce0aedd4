import type { TableDescription } from '@sluice/mysql';
import type { ColumnOutline, TablePlan } from '@sluice/ops-api';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import type { HashKey } from '../model/hash-key.ts';
import { newcomerOf } from './new-tables.ts';
import { keyChangeOf } from './hash-key-changes.ts';
import { sourceSchema } from './schema-checks.ts';
import type { ValueStep } from '../model/publication.ts';
import type { ServerFlavour } from '../catalog/column-catalog.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { captureTable, type CapturedTable, type TablePlace, type TableSchema } from '../model/table.ts';

export interface TableFacts {
  readonly table: TableDescription;
  readonly config: SluiceConfig;
  readonly registry: TableRegistry;
  readonly server: ServerFlavour;
  readonly hashKey: HashKey | null;
  /** By topic. */
  readonly partitions: ReadonlyMap<string, number>;
}

const OPERATIONS = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;

export function planTable({ table, config, registry, server, hashKey, partitions }: TableFacts): TablePlan {
  const schema = sourceSchema(table, config, server);
  const place = registry.placeOf(schema.database, schema.table);
  const { captured, error } = outline(schema, place, registry);
  const { database, columns, keyColumns } = captured ?? { ...schema, columns: [] };
  const skips = captured?.publication.skips;
  return {
    database,
    table: schema.table,
    topics: place.topics,
    partitions: Math.min(...place.topics.map((topic) => partitions.get(topic) ?? 0)),
    keyMembers: place.keyMembers,
    keyColumns,
    columns,
    sourceColumns: captured === null ? [] : columnOutlines(captured, schema),
    operations: OPERATIONS.filter((operation) => skips?.has(operation) !== true).map((name) =>
      name.toLowerCase(),
    ),
    where: captured?.publication.condition?.text ?? null,
    change: error ?? changeOf(schema, config, registry, hashKey),
    refused: captured === null,
  };
}

function outline(
  schema: TableSchema,
  place: TablePlace,
  registry: TableRegistry,
): { readonly captured: CapturedTable | null; readonly error: string | null } {
  try {
    return { captured: captureTable(schema, 0, place, 0, registry.compile(schema)), error: null };
  } catch (error) {
    if (error instanceof PipelineError) return { captured: null, error: `refused: ${error.code}` };
    throw error;
  }
}

function changeOf(
  schema: TableSchema,
  config: SluiceConfig,
  registry: TableRegistry,
  hashKey: HashKey | null,
): string {
  const { database, table } = schema;
  const isFirst = registry.schemas().next().done === true;
  if (
    registry.schemaOf(database, table) === null &&
    !isFirst &&
    newcomerOf(config, new Set(), schema) !== null
  )
    return 'new: not captured (source.newTables: refuse) unless it existed at the first start with that setting';
  if (registry.schemaOf(database, table) === null)
    return config.snapshot.mode === 'never'
      ? 'new: its changes from now on'
      : 'new: its rows, then its changes';
  if (registry.hasOtherCondition(database, table))
    return 'row condition changed: capture stops until --accept row-conditions, then the table is read again';
  const keyChange = keyChangeOf(registry, hashKey, schema);
  if (keyChange === 'unknown')
    return `hash key ${registry.hashedBy(schema)} is not in capture.hashKeyFile: capture stops until --accept hash-key, then all rows are hashed and published again`;
  if (keyChange === 'rotated')
    return `hash key ${registry.hashedBy(schema)} is replaced by ${hashKey?.id}: a new version, and all rows are hashed and published again; earlier records keep their old hashes until they expire`;
  return registry.isShapedOtherwise(database, table)
    ? 'settings changed: a new version, and its rows are published again'
    : 'none';
}

function columnOutlines(
  { publication: { plan } }: CapturedTable,
  schema: TableSchema,
): readonly ColumnOutline[] {
  const published = schema.columns.map((column, place): ColumnOutline => {
    if (plan === null) return { source: column.name, published: column, publication: '' };
    const found = plan.columns.find((each) => each.place === place);
    if (found === undefined) return { source: column.name, published: null, publication: 'left out' };
    return { source: column.name, published: found.column, publication: describeStep(found.step) };
  });
  const generated = (schema.leftOut ?? []).map((source) => ({
    source,
    published: null,
    publication: 'left out: generated, and not in all changes',
  }));
  return [...published, ...generated];
}

function describeStep(step: ValueStep): string {
  switch (step.kind) {
    case 'write':
      return '';
    case 'mask':
      return `masked as ${JSON.stringify(step.text)}`;
    case 'hash':
      return 'hashed (HMAC-SHA256)';
    case 'truncate':
      return `at most ${step.characters} characters`;
  }
}
