import { tableId } from '@sluice/envelope';
import type { CapturePlan, TablePlan } from '@sluice/ops-api';
import type { TablePreview } from '@sluice/sink-kit';
import { printableLine } from '@sluice/runtime';
import { plural, tableText } from './screen.ts';

export interface SinkPreview extends TablePreview {
  readonly sink: string;
  readonly table: string;
}

/** The source, the topics that there are not yet, and a line per table. */
export function planSummary({ source, topics, tables }: CapturePlan): string {
  const missing = topics.filter(({ exists }) => !exists);
  const lines = tables.map((table) => [
    tableId(table.database, table.table),
    table.refused ? 'refused' : keyOf(table),
    table.sourceColumns.length,
    table.topics.join(', '),
    table.partitions,
    table.change,
  ]);
  return `source: ${source.flavour} ${source.version}
topics: ${topics.length - missing.length} exist, ${missing.length} would be created

${tableText(['TABLE', 'KEY', 'COLUMNS', 'TOPIC', 'PARTITIONS', 'CHANGE'], lines)}`;
}

/** All about each table: how it is published, column by column, and what each sink would make of it. */
export function* planDetails(
  tables: readonly TablePlan[],
  previews: readonly SinkPreview[],
): Generator<string> {
  for (const table of tables) {
    const id = tableId(table.database, table.table);
    yield `table ${printableLine(id)}
  topic:      ${table.topics.join(', ')}, ${plural(table.partitions, 'partition')}
  key:        ${keyOf(table)}
  operations: ${table.operations.join(', ')}
  rows:       ${table.where ?? 'all'}
  change:     ${table.change}
`;
    const rows = table.sourceColumns.map(({ source: name, published, publication }) => [
      `  ${name}`,
      published?.name ?? null,
      published?.type ?? null,
      publication,
    ]);
    if (rows.length > 0) yield tableText(['  COLUMN', 'PUBLISHED AS', 'TYPE', ''], rows);
    for (const { sink, target, definition } of previews.filter((each) => each.table === id))
      yield `sink ${sink}: ${printableLine(target)}\n${definition.replace(/^/gm, '  ')}\n`;
  }
}

const keyOf = ({ keyMembers, keyColumns }: TablePlan): string =>
  [keyMembers, ...keyColumns].filter((part) => part !== '').join(', ');
