import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  TARGET_TABLE_REFUSED: {
    class: 'schema',
    summary: 'the target table cannot be created, changed or written by its key',
    fix: 'Do what the message says: it has the reason and the statement. The sink tries again by itself; the table is read again after an ALTER of the source, so rows that stand in the way may be deleted.',
  },
  TARGET_TABLE_WAITS: {
    class: 'schema',
    summary: 'a target table gets columns of other types as soon as every partition has come to the change',
    fix: 'Nothing is to be done, unless a partition of the topic is paused for another reason: then mend that.',
  },
  TARGET_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the target server is older than the sink can work with',
    fix: 'Use MySQL 8.0.23 or MariaDB 10.3 as the target, or newer ones.',
  },
});
