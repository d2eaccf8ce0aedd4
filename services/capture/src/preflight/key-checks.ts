import { tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { SluiceConfig, PreflightProblem } from '@sluice/runtime';
import type { ServerFlavour } from '../catalog/column-catalog.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { sourceSchema } from './schema-checks.ts';

export interface KeyFacts {
  readonly config: SluiceConfig;
  /** The captured tables. */
  readonly tables: readonly TableDescription[];
  readonly server: ServerFlavour;
  /** With the schema history. */
  readonly registry: TableRegistry;
}

/**
 * Tables whose record keys the configuration would change in the middle of a topic: sinks would keep the rows under their
 * old keys for ever. A primary key that the source itself has changed is none of them: the stream shows where it did.
 */
export function findKeyChanges({ config, tables, server, registry }: KeyFacts): readonly PreflightProblem[] {
  return tables.flatMap((table) => {
    const { database, table: name } = table;
    const known = registry.schemaOf(database, name);
    if (known === null) return [];
    const id = tableId(database, name);
    const now = sourceSchema(table, config, server);
    if (!same(known.keyColumns, now.keyColumns)) {
      const isSetting = config.source.keys[id] !== undefined || isUniqueIndex(table, known.keyColumns);
      return isSetting ? [keyChanged(id, known.keyColumns, now.keyColumns)] : [];
    }
    const published = registry.publishedKeyOf(database, name);
    const renamed = registry.publicationOf(now)?.plan?.keyColumns ?? now.keyColumns;
    return published === null || same(published, renamed) ? [] : [keyRenamed(id, published, renamed)];
  });
}

function isUniqueIndex({ uniqueIndexes }: TableDescription, columns: readonly string[]): boolean {
  return uniqueIndexes.some(
    (index) => index.usableAsKey && same([...index.columns].sort(), [...columns].sort()),
  );
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\0') === other.join('\0');
}

const NEW_TOPICS =
  'or choose a new topics.prefix: that creates new topics and a new snapshot, for sinks with empty stores';

function keyChanged(id: string, before: readonly string[], now: readonly string[]): PreflightProblem {
  return {
    setting: `source.keys[${JSON.stringify(id)}]`,
    found: `key ${now.join(', ')}, while the topic was filled by ${before.join(', ')}`,
    required: 'the same key for the lifetime of a topic',
    fix: `set it to [${before.join(', ')}], ${NEW_TOPICS}`,
  };
}

function keyRenamed(id: string, before: readonly string[], now: readonly string[]): PreflightProblem {
  return {
    setting: `tables: rename of key columns of ${id}`,
    found: `published as ${now.join(', ')}, while the topic was filled by ${before.join(', ')}`,
    required: 'the same names of key columns for the lifetime of a topic',
    fix: `set the names back, ${NEW_TOPICS}`,
  };
}
