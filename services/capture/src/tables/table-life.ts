import { tableIdOf, type TableName } from '@sluice/envelope';
import type { Logger } from '@sluice/runtime';
import { askSource } from './ask-source.ts';
import { DoubtfulRows } from './doubtful-rows.ts';
import { UncapturedTables } from './uncaptured-tables.ts';
import { PendingSnapshots } from './pending-snapshots.ts';
import { TableDiscovery } from './table-discovery.ts';
import type { ColumnCatalog } from '../catalog/column-catalog.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { examineTable, type ExaminedTable } from '../preflight/examine-table.ts';
import { newcomerOf } from '../preflight/new-tables.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Source } from '../source/source.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { TableWork, TableWorkQueue } from '../stream/table-work.ts';

export interface TableLifeParts {
  readonly settings: Pick<CaptureSettings, 'config'>;
  readonly source: Source;
  readonly work: TableWorkQueue;
  readonly stream: ChangeStream;
  readonly routes: TableRoutes;
  readonly registry: TableRegistry;
  readonly columnCatalog: ColumnCatalog;
  readonly ddl: DdlReporter;
  readonly jobStore: SnapshotJobStore;
  /** Tables that could not be captured when this session began. */
  readonly refused: readonly RefusedTable[];
  /** Is told of a table that is not captured from now on. */
  readonly onRefused: (table: RefusedTable) => void;
  /** Is told of one that is not any more. */
  readonly onMended: (id: string) => void;
  /** Whether sinks may hold rows of tables of which the schema history tells nothing. */
  readonly afterGap: boolean;
  /** Whether a table waits for an operator, by `database.table`. */
  readonly isStopped: (id: string) => boolean;
  /** Makes the topics of a table that has none. */
  readonly admit: (table: TableName) => Promise<void>;
  /** All table maps are met again. */
  readonly forgetMaps: () => void;
  readonly log: Logger;
}

/**
 * The one owner of what becomes of tables while the stream continues: new ones, renamed, altered, dropped, stopped ones. Takes the
 * work that others have noted, in its order, and leaves it in the snapshot jobs, the routes and the list of tables not captured.
 */
export class TableLife {
  readonly #parts: TableLifeParts;
  readonly #uncaptured: UncapturedTables;
  readonly #owed: PendingSnapshots;
  readonly #discovery: TableDiscovery;
  readonly #doubtfulRows: DoubtfulRows;

  constructor(parts: TableLifeParts) {
    this.#parts = parts;
    const { source, stream } = parts;
    const uncaptured = new UncapturedTables(parts);
    this.#uncaptured = uncaptured;
    const owed = new PendingSnapshots({
      ...parts,
      uncaptured,
      examine: (table) => this.#examine(table),
    });
    this.#owed = owed;
    this.#discovery = new TableDiscovery({
      ...parts,
      server: source.facts,
      announcement: stream.announcement,
      uncaptured,
      owed,
    });
    this.#doubtfulRows = new DoubtfulRows({ ...parts, uncaptured, owed });
  }

  async #examine(table: TableName): Promise<ExaminedTable> {
    const { source, settings, jobStore } = this.#parts;
    const { description, refusal } = await askSource(source, `table ${tableIdOf(table)}`, (connection) =>
      examineTable(connection, settings.config, table, source.facts.account),
    );
    const isThere = description !== null;
    return {
      description,
      refusal: refusal ?? (isThere ? newcomerOf(settings.config, jobStore.known, table) : null),
    };
  }

  /** Tables that cannot be captured as they are. */
  get refused(): readonly RefusedTable[] {
    return this.#uncaptured.all;
  }

  isRefused(id: string): boolean {
    return this.#uncaptured.has(id);
  }

  /** Handles all that waits. Throws a PipelineError when the source or Kafka fails. */
  async settle(): Promise<void> {
    for (const work of this.#parts.work.take()) await this.#seeTo(work);
  }

  async #seeTo(work: TableWork): Promise<void> {
    switch (work.kind) {
      case 'unknown-map':
        this.#uncaptured.noteFound(work.map);
        return this.#discovery.meet(work.map);
      case 'database-dropped':
        return this.#uncaptured.removeDatabase(work.database);
      case 'doubt':
        return this.#doubtfulRows.settle(work.doubt);
      case 'answers-doubtful':
        return this.#doubtfulRows.doubtAnswers();
      default:
        return this.#seeToTable(work);
    }
  }

  async #seeToTable(work: Extract<TableWork, { readonly table: TableName }>): Promise<void> {
    const { table } = work;
    switch (work.kind) {
      case 'dropped':
        return this.#owed.dropped(table);
      case 'created':
        this.#uncaptured.noteFound(table);
        return this.#owed.created(table, work.isNew);
      case 'renamed':
        this.#uncaptured.noteFound(table);
        return this.#owed.renamed(table);
      case 'altered':
        return this.#owed.altered(table);
      case 'stopped':
        return this.#owed.stopped(table);
      case 'resumed':
        return this.#owed.resumed(table);
      case 'xa-committed':
        return this.#owed.committedXa(table);
      case 'unreadable':
        return this.#owed.unreadable(table);
      case 'unaccounted':
        return this.#owed.unaccounted(table);
      case 'vanished':
        if (await this.#owed.isGone(table)) this.#parts.stream.tellVanished(table);
        return;
      case 'columns':
        return this.#discovery.renewColumns(table, work.alter);
    }
  }
}
