import { type DdlClass, type DdlPolicy, tableArgument } from '@sluice/envelope';

const SEEN = 'Clear the alert with `sluice ddl clear` when you have seen to it.';

/** In front of the advice about a change that no statement tells. */
export const UNSEEN =
  'The columns have changed without a statement in the binlog (sql_log_bin = 0, a replication filter, an ALTER on this server only): the rows are read again. ';

/** In front of the advice about a table that is gone. */
export const VANISHED =
  'The source no longer has the table, and no statement in the binlog dropped it: it went in a gap that was accepted, under sql_log_bin = 0, or on this server only. ';
/** Where `ddl.drop` is `apply`. */
export const VANISHED_APPLIED = `${VANISHED}Sinks have deleted its rows. ${SEEN}`;

const ALERTS: Readonly<Record<DdlClass, string>> = {
  additive: 'Sinks follow by themselves.',
  breaking:
    'Rows are read again and sinks get the new columns; the old columns stay in the stores until you drop them there.',
  rename:
    'Rows are read under the new name; rows under the old name stay in the stores until you delete them there.',
  truncate: 'Sinks have deleted the rows.',
  drop: 'Rows of the table stay in the stores until you delete them there.',
  rows: 'Rows were changed or rolled back in a way that the binlog does not describe (binlog_format of the session was not ROW, or tables without transactions took part): the tables are read again.',
  xa: '',
  exposure: '',
  cascade:
    'The storage engine deletes or changes rows of the table by its foreign keys, without an event in the binlog: sinks keep the old rows until the table is read again (`sluice snapshot start --table TABLE --reconcile`). Set source.foreignKeys to follow, with SELECT on every table that the keys lead to, and it is read by itself; or let triggers or the application do it, or have MySQL 9.6 or newer as source, and as what that is a replica of.',
};

/**
 * What an operator has to know or to do about a statement; '' when sinks follow it and nobody needs to look.
 * @param hiddenBy of an exposure: what hid the table
 */
export function adviceFor(
  kind: DdlClass,
  policy: DdlPolicy,
  tables: readonly string[],
  hiddenBy = '',
): string {
  const resume = tables.map((table) => `\`sluice table resume --table ${tableArgument(table)}\``).join(', ');
  if (kind === 'xa')
    return `An XA transaction has rows of the table, and nobody knows yet whether it commits: changes of the table are not published. When it is committed or rolled back, run ${resume}: its rows are read again.`;
  if (kind === 'exposure')
    return `Under its former name the table, or a part of it, was hidden by ${hiddenBy}; under the new one nothing does that. Nothing of it is published. Say in the settings what becomes of it under this name (tables, source.excludeTables), start capture again, then run ${resume}; without such a setting that publishes all of it.`;
  if (policy === 'apply') return '';
  if (policy === 'alert') return `${ALERTS[kind]} ${SEEN}`;
  return `Sinks pause the table at this change and apply it when the table is resumed. Adapt the readers of the stores to the change, then run ${resume}. ${SEEN}`;
}
