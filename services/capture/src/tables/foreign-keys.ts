import { parseTableId, type TableName } from '@sluice/envelope';
import type { Logger } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Cascades } from '../preflight/binlog-gaps.ts';
import { cascadeDigests, cascadeParents, childrenOf } from '../catalog/cascade-parents.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { CascadeMarks } from '../stream/cascade-marks.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';

export interface ForeignKeysParts {
  readonly settings: Pick<CaptureSettings, 'config' | 'filter'>;
  readonly flavour: 'mysql' | 'mariadb';
  readonly registry: TableRegistry;
  readonly jobStore: SnapshotJobStore;
  readonly journal: DdlJournal;
  readonly ddl: DdlReporter;
  readonly announcement: () => SchemaChangeContext;
  /** Whether a table cannot be captured as it is. */
  readonly isRefused: (id: string) => boolean;
  readonly log: Logger;
}

/**
 * Handles rows that foreign keys change and the binlog does not have: tells of their tables, and with `source.foreignKeys:
 * follow` has them read again. Called between two transactions only.
 */
export class ForeignKeys {
  readonly #parts: ForeignKeysParts;
  /** What the stream notes parents' changes in; no table is a parent unless they are followed. */
  readonly marks: CascadeMarks;
  #logged: readonly string[] = [];

  constructor(parts: ForeignKeysParts) {
    this.#parts = parts;
    this.marks = new CascadeMarks(parts.flavour, (ids) => this.#readAgain(ids));
  }

  get #isFollowing(): boolean {
    return this.#parts.settings.config.source.foreignKeys === 'follow';
  }

  /** Tables, as `database.table`, of which sinks may keep old rows. */
  unfollowed(cascades: Cascades): readonly string[] {
    if (this.#areLogged(cascades)) return [];
    return this.#isFollowing ? cascades.unseen : childrenOf(cascades.keys, this.#isCaptured);
  }

  /** What the server says of its own clients, unless the stream has met rows of others. */
  #areLogged({ areLogged }: Cascades): boolean {
    return areLogged && !this.marks.metUntraced;
  }

  /** What the source has answered while the stream continues. */
  take(cascades: Cascades): void {
    this.follow(cascades);
    this.#tell(cascades);
  }

  /**
   * Goes by these keys from now on. A table to which other changes cascade than before is read again, as what cascaded to it
   * until now was perhaps not followed; nor may what a key did that is gone by now.
   */
  follow(cascades: Cascades): void {
    const { jobStore } = this.#parts;
    if (!this.#isFollowing) {
      jobStore.followed = null;
      return;
    }
    const parents = cascadeParents(cascades.keys, this.#isCaptured);
    const before = jobStore.followed ?? {};
    const now = cascadeDigests(parents);
    this.marks.parents = parents;
    jobStore.followed = now;
    const others = new Set([...Object.keys(before), ...Object.keys(now)]);
    if (!this.#areLogged(cascades)) this.#readAgain([...others].filter((id) => before[id] !== now[id]));
  }

  /** Each table once in an alert; all of them in the log, whenever there is another. */
  #tell(cascades: Cascades): void {
    const { journal, ddl, announcement, log } = this.#parts;
    const tables = this.unfollowed(cascades);
    const isKnown = tables.every((id) => this.#logged.includes(id));
    this.#logged = tables;
    if (isKnown) return;
    const why = this.#isFollowing
      ? 'refer to tables that the account may not see, and through them more may cascade than is followed: GRANT SELECT on those too'
      : 'change rows of these tables without an event in the binlog: sinks keep the old rows';
    log.warn(
      { event: 'capture.cascades_not_logged', tables },
      `foreign keys with ON DELETE or ON UPDATE CASCADE or SET NULL ${why}`,
    );
    const untold = tables.filter((id) => !journal.isCascadeTold(id));
    if (untold.length > 0) ddl.reportCascades(untold, announcement());
  }

  readonly #isCaptured = ({ database, table }: TableName): boolean =>
    this.#parts.settings.filter.captures(database, table);

  /** Of a table that this session has no topic of no row was published that could have become other. */
  #readAgain(ids: readonly string[]): void {
    const { settings, registry, jobStore, isRefused, log } = this.#parts;
    const tables = ids
      .filter((id) => !isRefused(id))
      .map(parseTableId)
      .filter(({ database, table }) => registry.isAdmitted(database, table));
    const takesFirst = settings.config.snapshot.mode === 'initial';
    const added = jobStore.readAgain(tables, takesFirst, Date.now(), true);
    if (added.length === 0) return;
    log.info(
      { event: 'capture.cascades_followed', tables: added },
      'foreign keys may have changed rows of these tables, so they are read again',
    );
  }
}
