import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  TARGET_CHANGE_LOST: {
    class: 'schema',
    means: 'lost-change',
    summary:
      'the column types of a target table cannot change: a partition of its topic has lost the record of the change to retention',
    fix: 'Run `sluice snapshot start --table DATABASE.TABLE --reconcile`, unless one has begun since: the sink passes to its first record and continues. A sink that applies no deletes is left behind by `sluice sink rebuild --sink SINK --table DATABASE.TABLE --yes`.',
  },
  TARGET_TABLE_REFUSED: {
    class: 'schema',
    summary: 'the target table cannot be created, changed or written by its key',
    fix: 'Follow the message: it contains the reason and the statement. The sink retries automatically. Rows that block the statement may be deleted: the table is read again after an ALTER in the source. Rows that another `sinks.SINK.tableTemplate` has put under another name wait for the RENAME TABLE that the message names. A table that was altered by hand is left behind by `sluice sink rebuild --sink SINK --table DATABASE.TABLE --yes`.',
  },
  TARGET_TABLE_WAITS: {
    class: 'schema',
    summary: 'the column types of a target table change as soon as every partition has reached the change',
    fix: 'No action needed, unless a partition of the topic is paused for another reason: then fix that.',
  },
  TARGET_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the target server is older than the oldest version that the sink supports',
    fix: 'Use MySQL 8.0.23 or MariaDB 10.3 as the target, or newer ones.',
  },
});
