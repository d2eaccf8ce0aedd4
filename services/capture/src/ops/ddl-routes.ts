import { ddlTopic, type DdlClearedRecord } from '@sluice/envelope';
import { PlainProducer } from '@sluice/kafka';
import {
  clearAlerts,
  listAlerts,
  listHistory,
  Refusal,
  resumeTable,
  routeOf,
  type OrderOf,
  type SchemaChange,
} from '@sluice/ops-api';
import type { Logger, OpsRoute } from '@sluice/runtime';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { stopsTable } from '../ddl/ddl-policies.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';

export interface DdlRoutesOptions {
  /** Why this capture cannot say it: another one leads, and what this one has read of the topic is of before. Null when it can. */
  readonly elsewhere: () => string | null;
  /** Null before the DDL topic was read for the first time. */
  readonly journal: () => DdlJournal | null;
  /** Resolves when the record is stored. */
  readonly publish: (record: DdlClearedRecord) => Promise<void>;
  /** Takes what is stored from the journal of the present session. */
  readonly onStored: (record: DdlClearedRecord) => void;
  /**
   * Resolves when this process still owned the pipeline after the call, or nothing is read now. Throws KAFKA_FENCED: another capture
   * has taken over, which may have read the topic before.
   */
  readonly isOwner: () => Promise<void>;
  /** The table is no longer stopped: read it again. */
  readonly onResumed: (table: string) => void;
  readonly log: Logger;
}

/** Capture's pages about changed tables. */
export function ddlRoutes(options: DdlRoutesOptions): readonly OpsRoute[] {
  const read = <T>(work: (journal: DdlJournal) => T): T | Refusal => {
    const elsewhere = options.elsewhere();
    if (elsewhere !== null) return new Refusal(503, elsewhere);
    const journal = options.journal();
    return journal === null ? new Refusal(503, 'the DDL topic was not read yet') : work(journal);
  };
  return [
    routeOf(listAlerts, (wish) => read((journal) => listed(journal, journal.alerts, wish))),
    routeOf(listHistory, (wish) => read((journal) => listed(journal, journal.history(), wish))),
    routeOf(clearAlerts, (order) => read((journal) => clear(journal, options, order))),
    routeOf(resumeTable, (order) => read((journal) => resume(journal, options, order))),
  ];
}

function listed(
  journal: DdlJournal,
  all: readonly SchemaChange[],
  { table, limit }: { readonly table?: string | undefined; readonly limit: number },
) {
  const entries = all.filter(({ tables }) => table === undefined || tables.includes(table));
  return {
    unacknowledged: journal.alerts.length,
    matching: entries.length,
    entries: entries.slice(0, limit),
  };
}

async function clear(
  journal: DdlJournal,
  options: DdlRoutesOptions,
  { by, reason, ids, table }: OrderOf<typeof clearAlerts>,
) {
  // One that has stopped its table goes with `resume`.
  const chosen = journal.alerts.filter(
    (alert) =>
      !stopsTable(alert.class) &&
      (ids?.includes(alert.id) ?? true) &&
      (table === undefined || alert.tables.includes(table)),
  );
  const cleared = chosen.map(({ id }) => id);
  const unacknowledged = journal.alerts.length - cleared.length;
  if (await decide(options, cleared, by, reason))
    options.log.info(
      { event: 'ddl.cleared', by, reason, alerts: cleared.length },
      'alerts about changed tables cleared',
    );
  return { cleared, unacknowledged };
}

async function resume(
  journal: DdlJournal,
  options: DdlRoutesOptions,
  { by, reason = '', table }: OrderOf<typeof resumeTable>,
) {
  const chosen = journal.alerts.filter((alert) => stopsTable(alert.class) && alert.tables.includes(table));
  const resumed = chosen.map(({ id }) => id);
  if (await decide(options, resumed, by, reason, () => options.onResumed(table)))
    options.log.info({ event: 'table.resumed', table, by, reason }, 'a table that was stopped is read again');
  return { table, resumed };
}

/**
 * Stores that these alerts are cleared, then takes them from the journal, which may be a later one by then; false when there is none.
 * @param then what follows from it; an order that ends in an error may be given again, and finds nothing more to do
 */
async function decide(
  options: DdlRoutesOptions,
  ids: readonly string[],
  by: string,
  reason: string,
  then: () => void = () => undefined,
): Promise<boolean> {
  if (ids.length === 0) return false;
  const record: DdlClearedRecord = {
    schema: { version: 1, type: 'ddl-cleared' },
    payload: { ids: [...ids], by, reason, at: Date.now() },
  };
  await options.publish(record);
  options.onStored(record);
  then();
  await options.isOwner();
  return true;
}

/** One connection for one decision: they are rare. */
export async function publishCleared(
  kafka: CaptureSettings['kafka'],
  prefix: string,
  record: DdlClearedRecord,
): Promise<void> {
  const producer = new PlainProducer(kafka);
  try {
    await producer.connect();
    const [key, value] = [Buffer.from('cleared'), Buffer.from(JSON.stringify(record))];
    await producer.send({ topic: ddlTopic(prefix), partition: 0, key, value, headers: {} });
  } finally {
    await producer.close();
  }
}
