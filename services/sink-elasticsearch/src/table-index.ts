import { tableId, type TableName } from '@sluice/envelope';
import { NOT_TAKEN, takesTable, type TakenTables } from '@sluice/sink-kit';
import { indexName } from './elasticsearch-mapper.ts';

/** The part of a section that says what the indexes of its tables are called. */
export interface IndexSettings {
  readonly indexPrefix: string;
  readonly indexes: Readonly<Record<string, { readonly name: string }>>;
}

/** No dot: the indexes of tables without a name of their own have one, and so has every alias `<index>.live`. */
export const OWN_NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** Indexes of a rebuild, and the state of the sink, are called so. */
export const RESERVED_NAME = /^rebuild-|sluice-state$/;

/**
 * Bytes of an index name have their end at 255 (Elasticsearch guide, "Create index"); what a rebuild puts before it, and a change of fields
 * behind it, takes 38 of them.
 */
const LONGEST_NAME = 200;

/** Name of a table's index: by `indexes` of the settings, or by the table's own. */
export function tableIndex({ indexPrefix, indexes }: IndexSettings, { database, table }: TableName): string {
  const named = indexes[tableId(database, table)];
  return named === undefined ? indexName(indexPrefix, database, table) : `${indexPrefix}${named.name}`;
}

export interface IndexProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** What is wrong with `indexes` of a section: two tables in one index, names that are too long, and tables that the sink does not take. */
export function indexProblems(section: IndexSettings & TakenTables): readonly IndexProblem[] {
  const problems: IndexProblem[] = [];
  const known = new Map<string, string>();
  for (const [id, { name }] of Object.entries(section.indexes)) {
    if (!takesTable(section, id)) problems.push({ path: ['indexes', id], message: NOT_TAKEN });
    const other = known.get(name);
    known.set(name, id);
    const message = other === undefined ? lengthProblem(section.indexPrefix, name) : sharedBy(other);
    if (message !== null) problems.push({ path: ['indexes', id, 'name'], message });
  }
  return problems;
}

function sharedBy(other: string): string {
  return `is the name of the index of ${other}: rows of two tables would be in one index, and each would remove those of the other`;
}

function lengthProblem(indexPrefix: string, name: string): string | null {
  const length = indexPrefix.length + name.length;
  return length <= LONGEST_NAME ? null : `has ${length} bytes with indexPrefix, and may have ${LONGEST_NAME}`;
}
