import { tableIdOf, type TableName } from '@sluice/envelope';
import type { Logger } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { askSource } from './ask-source.ts';
import type { UncapturedTables } from './uncaptured-tables.ts';
import type { PendingSnapshots } from './pending-snapshots.ts';
import { isAtOrPast } from '../model/position.ts';
import { areTransactional, changesNoOther, isServersOwn } from '../catalog/row-safety.ts';
import { readBinlogStatus } from '../source/server.ts';
import type { Source } from '../source/source.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { Doubt, LoggedChange, RolledBack } from '../stream/doubt.ts';
import type { TableRoutes } from '../stream/table-routes.ts';

export interface DoubtfulRowsParts {
  readonly settings: Pick<CaptureSettings, 'config'>;
  readonly uncaptured: UncapturedTables;
  readonly owed: PendingSnapshots;
  readonly source: Pick<Source, 'connect' | 'facts'>;
  readonly stream: ChangeStream;
  readonly registry: TableRegistry;
  readonly routes: TableRoutes;
  readonly jobStore: SnapshotJobStore;
  readonly log: Logger;
}

const UNKNOWN_CHANGE = {
  kind: 'statement',
  verb: '',
  table: null,
  isAlone: false,
  touchesOld: true,
  mayBeTemporary: false,
} as const;

/** Handles rows of which the stream does not tell what became of them: takes them back, or has their tables read again. */
export class DoubtfulRows {
  readonly #parts: DoubtfulRowsParts;
  /** What the server has answered, for as long as no statement has changed a table since. */
  readonly #answers = new Map<string, boolean>();
  #ddlsPassed = -1;

  constructor(parts: DoubtfulRowsParts) {
    this.#parts = parts;
  }

  async settle(doubt: Doubt): Promise<void> {
    const tables = doubt.kind === 'rolled-back' ? await this.#leftBy(doubt) : await this.#changedBy(doubt);
    const captured = await this.#captured(tables);
    if (captured.length > 0) this.#readAgain(captured, doubt);
  }

  /**
   * What the source said of a table that a statement had changed was said when the stream was behind: a trigger, a view or a
   * foreign key of then may have been gone by then. A DDL on the way up to there makes every table doubtful.
   */
  async doubtAnswers(): Promise<void> {
    const { stream, jobStore } = this.#parts;
    if (jobStore.unsureUntil === null || !isAtOrPast(jobStore.unsureUntil, stream.place.position)) return;
    const statement = 'statements logged as text, before a DDL that may hide their other changes';
    await this.settle({ ...UNKNOWN_CHANGE, statement, start: stream.place.position.position });
  }

  /** None when the rows are out of the buffer and their engines have undone them; all of the tables else. */
  async #leftBy({ tables, timestamp, undo }: RolledBack): Promise<readonly TableName[]> {
    for (const table of tables) {
      const isUndone = await this.#ask(`engine ${tableIdOf(table)}`, (connection) =>
        areTransactional(connection, [table], timestamp),
      );
      if (!isUndone) return tables;
    }
    return undo() ? [] : tables;
  }

  async #changedBy(change: LoggedChange): Promise<readonly TableName[]> {
    const { table, isAlone } = change;
    if (table === null || !isAlone) return this.#allTables();
    const isSure = change.makesTable === true || isServersOwn(table.database);
    if (!isSure && !(await this.#changesNoOther(table, change))) return this.#allTables();
    return this.#parts.routes.captures(table.database, table.table) ? [table] : [];
  }

  #changesNoOther(table: TableName, change: LoggedChange): Promise<boolean> {
    const { source, jobStore } = this.#parts;
    const { mayBeTemporary, touchesOld } = change;
    const question = `alone ${tableIdOf(table)}${mayBeTemporary ? ' or temporary' : ''}${touchesOld ? '' : ' adds'}`;
    return this.#ask(question, async (connection) => {
      if (!(await changesNoOther(connection, table, change))) return false;
      const { file, position } = await readBinlogStatus(connection, source.facts);
      jobStore.unsureUntil = { file, position };
      return true;
    });
  }

  /** Those that were read, and those that were made since this session began. */
  #allTables(): readonly TableName[] {
    const { registry, routes, jobStore } = this.#parts;
    const isThere = (name: TableName): boolean => !this.#takesFirst || jobStore.knows(tableIdOf(name));
    const read = [...registry.admitted()].filter(
      (name) => routes.captures(name.database, name.table) && isThere(name),
    );
    return [...read, ...routes.createdUnmet()];
  }

  get #takesFirst(): boolean {
    return this.#parts.settings.config.snapshot.mode === 'initial';
  }

  /** Without those that capture leaves alone, and those that are gone: what they would have to tell is read when they can be. */
  async #captured(tables: readonly TableName[]): Promise<readonly TableName[]> {
    const { registry, jobStore, uncaptured, owed } = this.#parts;
    const found: TableName[] = [];
    for (const name of tables) {
      const id = tableIdOf(name);
      const isAdmitted = registry.isAdmitted(name.database, name.table);
      const isTaken = !uncaptured.has(id) && (isAdmitted || (await owed.isTaken(name)));
      if (isTaken) found.push(name);
      else jobStore.forget(id);
    }
    return found;
  }

  #readAgain(tables: readonly TableName[], doubt: Doubt): void {
    const { stream, jobStore, log } = this.#parts;
    jobStore.readAgain(tables, this.#takesFirst, Date.now());
    if (!stream.tellDoubt(tables, doubt)) return;
    log.warn(
      { event: 'capture.reads_again', tables: tables.map(tableIdOf) },
      `${doubt.statement}: the binlog does not describe the change of these tables, so they are read again`,
    );
  }

  async #ask(
    question: string,
    ask: (connection: Awaited<ReturnType<Source['connect']>>) => Promise<boolean>,
  ): Promise<boolean> {
    const { source, routes } = this.#parts;
    if (this.#ddlsPassed !== routes.ddlsPassed) this.#answers.clear();
    this.#ddlsPassed = routes.ddlsPassed;
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const answer = await askSource(source, question, ask);
    this.#answers.set(question, answer);
    return answer;
  }
}
