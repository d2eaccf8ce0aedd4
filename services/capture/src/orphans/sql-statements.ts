import {
  columnCodec,
  equalLiteral,
  quote,
  quoteIdentifier,
  quoteTable,
  typeName,
  type Flavour,
} from '@sluice/mysql';
import { printableLine } from '@sluice/runtime';
import type { OrphanColumn, OrphanRow, OrphanTable, RowValues } from './orphan.ts';

/**
 * Statements of a change of one row, forward or back: the values as the binlog has them, for a session with `SESSION_SQL`. Pure. The row
 * is found by its key, so a table must have one.
 */
export class SqlStatements {
  readonly #flavour: Flavour;

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** As the old master did it; null when no column is other than before. */
  forward({ table, before, after }: Pick<OrphanRow, 'table' | 'before' | 'after'>): string | null {
    if (before === null) return this.#insert(table, after ?? []);
    return after === null ? this.#delete(table, before) : this.#update(table, before, after);
  }

  /** What takes it back. */
  back({ table, before, after }: Pick<OrphanRow, 'table' | 'before' | 'after'>): string | null {
    return this.forward({ table, before: after, after: before });
  }

  /** What a row with this key fulfils. */
  where({ columns, key }: OrphanTable, values: RowValues): string {
    const terms = key.map((place) => {
      const { column } = columns[place] as OrphanColumn;
      const codec = columnCodec(column.sqlType, this.#flavour);
      const value = JSON.parse(values[place] ?? 'null') as Parameters<typeof codec.literal>[0];
      return `${quoteIdentifier(column.name)} = ${equalLiteral(codec, value)}`;
    });
    return terms.join(' AND ');
  }

  #insert(table: OrphanTable, values: RowValues): string {
    const written = [...table.columns.entries()].filter(([, { isGenerated }]) => !isGenerated);
    const names = written.map(([, { column }]) => quoteIdentifier(column.name));
    const literals = written.map(([place, column]) => this.#literal(column, values[place] ?? null));
    return `INSERT INTO ${nameOf(table)} (${names.join(', ')}) VALUES (${literals.join(', ')})`;
  }

  #update(table: OrphanTable, from: RowValues, to: RowValues): string | null {
    if (!table.columns.some(({ isGenerated }, place) => !isGenerated && from[place] !== to[place]))
      return null;
    const written = [...table.columns.entries()].filter(
      ([place, { isGenerated, changesItself }]) =>
        !isGenerated && (changesItself || from[place] !== to[place]),
    );
    const settings = written.map(
      ([place, column]) =>
        `${quoteIdentifier(column.column.name)} = ${this.#literal(column, to[place] ?? null)}`,
    );
    return `UPDATE ${nameOf(table)} SET ${settings.join(', ')} WHERE ${this.where(table, from)}`;
  }

  #delete(table: OrphanTable, values: RowValues): string {
    return `DELETE FROM ${nameOf(table)} WHERE ${this.where(table, values)}`;
  }

  /** @param json the value as JSON; null is NULL */
  #literal({ column }: OrphanColumn, json: string | null): string {
    if (json === null) return 'NULL';
    // A document goes over as its text: numbers in it may have more digits than a parsed one.
    if (typeName(column.sqlType) === 'json') return quote(json);
    const codec = columnCodec(column.sqlType, this.#flavour);
    return codec.literal(JSON.parse(json) as Parameters<typeof codec.literal>[0]);
  }
}

/** A line of a file of statements that no server runs, whatever names of servers and files stand in it. */
export function sqlComment(text: string): string {
  return `-- ${printableLine(text)}\n`;
}

function nameOf({ database, table }: OrphanTable): string {
  return quoteTable(database, table);
}
