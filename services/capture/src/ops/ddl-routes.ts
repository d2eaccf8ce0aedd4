import { ddlTopic, toTableId, type DdlClearedRecord } from '@sluice/envelope';
import { PlainProducer } from '@sluice/kafka';
import { withBody, withQuery, type Logger, type OpsResponse, type OpsRoute } from '@sluice/runtime';
import { z } from 'zod';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';

const LISTED_MAX = 1000;

/** `database.table`, as people write it. */
const tableText = z.string().min(1).transform(toTableId);

const listSchema = z.strictObject({
  table: tableText.optional(),
  limit: z.coerce.number().int().min(1).max(LISTED_MAX).default(100),
});

const clearSchema = z.strictObject({
  /** Who says so. */
  by: z.string().min(1).max(200),
  reason: z.string().max(500).default(''),
  /** Only these alerts; without `ids` and `table` all of them. */
  ids: z.array(z.string()).max(LISTED_MAX).optional(),
  table: tableText.optional(),
});

const resumeSchema = z.strictObject({
  table: tableText,
  by: clearSchema.shape.by,
  reason: clearSchema.shape.reason,
});

export interface DdlRoutesOptions {
  /** Null before the DDL topic was read for the first time. */
  readonly journal: () => DdlJournal | null;
  /** Resolves when the record is stored. */
  readonly publish: (record: DdlClearedRecord) => Promise<void>;
  /** The table is no longer stopped: read it again. */
  readonly onResumed: (table: string) => void;
  readonly log: Logger;
}

/** Capture's pages about changed tables. */
export function ddlRoutes(options: DdlRoutesOptions): readonly OpsRoute[] {
  const listed = (entriesOf: (journal: DdlJournal) => readonly { readonly tables: readonly string[] }[]) => {
    return ({ query }: { readonly query: URLSearchParams }): Promise<OpsResponse> =>
      withQuery(listSchema, query, ({ table, limit }) =>
        withJournal(options, (journal) => {
          const all = entriesOf(journal);
          const entries = all.filter(({ tables }) => table === undefined || tables.includes(table));
          return {
            unacknowledged: journal.alerts.length,
            matching: entries.length,
            entries: entries.slice(0, limit),
          };
        }),
      );
  };
  return [
    { method: 'GET', path: '/api/ddl/alerts', handle: listed((journal) => journal.alerts) },
    { method: 'GET', path: '/api/ddl/history', handle: listed((journal) => journal.history()) },
    { method: 'POST', path: '/api/ddl/alerts/clear', handle: ({ body }) => clear(options, body) },
    { method: 'POST', path: '/api/tables/resume', handle: ({ body }) => resume(options, body) },
  ];
}

function clear(options: DdlRoutesOptions, body: string): Promise<OpsResponse> {
  return withBody(clearSchema, body, ({ by, reason, ids, table }) =>
    withJournal(options, async (journal) => {
      // One that has stopped its table goes with `resume`.
      const chosen = journal.alerts.filter(
        (alert) =>
          alert.class !== 'xa' &&
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
    }),
  );
}

function resume(options: DdlRoutesOptions, body: string): Promise<OpsResponse> {
  return withBody(resumeSchema, body, ({ by, reason, table }) =>
    withJournal(options, async (journal) => {
      const chosen = journal.alerts.filter((alert) => alert.class === 'xa' && alert.tables.includes(table));
      const resumed = chosen.map(({ id }) => id);
      if (await decide(options, resumed, by, reason)) {
        options.log.info(
          { event: 'table.resumed', table, by, reason },
          'a table that was stopped is read again',
        );
        options.onResumed(table);
      }
      return { table, resumed };
    }),
  );
}

/** Stores that these alerts are cleared, then takes them from the journal, which may be a later one by then; false when there is none. */
async function decide(
  options: DdlRoutesOptions,
  ids: readonly string[],
  by: string,
  reason: string,
): Promise<boolean> {
  if (ids.length === 0) return false;
  const record: DdlClearedRecord = {
    schema: { version: 1, type: 'ddl-cleared' },
    payload: { ids: [...ids], by, reason, at: Date.now() },
  };
  await options.publish(record);
  options.journal()?.apply(record);
  return true;
}

async function withJournal(
  { journal: of }: DdlRoutesOptions,
  work: (journal: DdlJournal) => unknown,
): Promise<OpsResponse> {
  const journal = of();
  if (journal === null) return { status: 503, body: { error: 'the DDL topic was not read yet' } };
  return { status: 200, body: await work(journal) };
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
