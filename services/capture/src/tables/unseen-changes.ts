import type { TableMap } from '@sluice/binlog';
import { tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import { schemaOfDescription, type ServerFlavour } from '../catalog/column-catalog.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import { schemaText } from '../model/table.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';

export interface UnseenChangesParts {
  readonly server: ServerFlavour;
  readonly registry: TableRegistry;
  readonly routes: TableRoutes;
  readonly jobStore: SnapshotJobStore;
  readonly ddl: DdlReporter;
  readonly announcement: () => SchemaChangeContext;
  readonly describe: (database: string, table: string) => Promise<TableDescription | null>;
  readonly log: Logger;
}

/**
 * Tables whose columns have changed without a statement in the binlog (`sql_log_bin` = 0, a replication filter, an ALTER on
 * this server alone): what the ALTER made of their rows is not in the stream.
 */
export class UnseenChanges {
  readonly #parts: UnseenChangesParts;

  constructor(parts: UnseenChangesParts) {
    this.#parts = parts;
  }

  /**
   * Whether nothing explains the columns of this map. Must be asked before its schema is registered. One that has not been read
   * yet is read as it is then.
   */
  async isUnexplained(map: TableMap): Promise<boolean> {
    const { routes, jobStore } = this.#parts;
    if (routes.maps.unseenChange(map) === null || !jobStore.hasBegun(tableId(map.database, map.table)))
      return false;
    return !(await this.#isServerAhead(map));
  }

  /**
   * Whether the newest version is what the server has now: a snapshot has read it before the stream came to the statement.
   * One that is gone has no rows to read.
   */
  async #isServerAhead(map: TableMap): Promise<boolean> {
    const { describe, registry, routes, server } = this.#parts;
    const description = await describe(map.database, map.table);
    const newest = registry.schemaOf(map.database, map.table);
    if (description === null || newest === null) return true;
    return (
      schemaText(schemaOfDescription(description, routes.maps.keyOf(map), server)) === schemaText(newest)
    );
  }

  /** An alert, before the schema record that the stream's next rows need. */
  tell(map: TableMap): void {
    const { routes, ddl, announcement, log } = this.#parts;
    const change = routes.maps.unseenChange(map);
    if (change === null) return;
    const table = tableId(map.database, map.table);
    ddl.reportUnseen(change, map, announcement());
    log.warn(
      { event: 'capture.change_unseen', table, change },
      `the columns of ${table} are other than before, and no statement in the binlog says so: its rows are read again`,
    );
  }
}
