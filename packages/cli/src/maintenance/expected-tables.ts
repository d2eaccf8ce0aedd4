import { parseTableId, tableIdOf, tablePattern, type TableName } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';
import { publishesAll } from '../operator/all-operations.ts';

/** A table, `database.table`, in a sink. */
export interface SinkTable {
  readonly sink: string;
  readonly table: string;
}

type Fits = (database: string, table: string) => boolean;

/** Which tables of which sinks a comparison has to be known of: all that are captured, but for what settings leave out. */
export class ExpectedTables {
  readonly #pairs: readonly SinkTable[];
  readonly #partial: readonly Fits[];

  /** @param captured tables of the source. @throws CONFIG_INVALID for the section of a sink */
  constructor(config: SluiceConfig, captured: readonly TableName[]) {
    this.#partial = Object.entries(config.tables)
      .filter(
        ([, { where, operations }]) =>
          where !== undefined || (operations !== undefined && !publishesAll(operations)),
      )
      .map(([pattern]) => tablePattern(pattern));
    const whole = captured.filter((name) => !this.leavesRowsOut(tableIdOf(name)));
    this.#pairs = Object.keys(config.sinks).flatMap((sink) => {
      const selection = selectionOf(config, sink);
      // A sink that passes over some changes need not have the rows as they are.
      if (!selection.takesAllOperations) return [];
      const taken = whole.filter(({ database, table }) => selection.takesTable(database, table));
      return taken.map((name) => ({ sink, table: tableIdOf(name) }));
    });
  }

  /** Whether settings keep rows or changes of the table from the sinks: it is never compared. */
  leavesRowsOut(table: string): boolean {
    const { database, table: name } = parseTableId(table);
    return this.#partial.some((fits) => fits(database, name));
  }

  /** Those that are not among the ones of which a comparison is known. */
  missing(known: readonly SinkTable[]): readonly SinkTable[] {
    const found = new Set(known.map(keyOf));
    return this.#pairs.filter((pair) => !found.has(keyOf(pair)));
  }
}

const keyOf = ({ sink, table }: SinkTable): string => JSON.stringify([sink, table]);
