import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  REDIS_AUTH: {
    class: 'fatal',
    means: 'login',
    summary: 'Redis refused the user, the password or a command',
    fix: 'Correct the user and password of `sinks.redis.url`, or start the sink again: it lists what the ACL does not allow, with the ACL SETUSER that does.',
  },
  REDIS_EMPTIED: {
    class: 'fatal',
    summary:
      'Redis has lost its data, or the newest of it, although it had acknowledged it, or has it below another `sinks.redis.keyPrefix`',
    fix: "Run `redis-cli SET sluice:marker:GROUP filled-again`, start the sink, and run `sluice snapshot start --table 'DATABASE.*' --reconcile` for each database that is captured.",
  },
  REDIS_KEYS_TAKEN: {
    class: 'schema',
    summary: 'the keys of a table begin as those of another table or pipeline in this Redis do',
    fix: 'Set another `sinks.redis.keyPrefix`; a sink that has written rows already stops at its start with REDIS_EMPTIED, whose fix fills the new keys. Or, if the other pipeline is no more, delete what it has left of the table: all keys that fit `*DATABASE.TABLE:*` and are its own; the sink goes on by itself.',
  },
  REDIS_REFUSED: {
    class: 'record',
    summary: 'Redis refused one row',
    fix: 'Look at the dead letter’s error message.',
  },
  REDIS_UNAVAILABLE: {
    class: 'retryable',
    summary: 'Redis does not answer, is loading, read-only or out of memory',
    fix: 'Nothing is lost: the sink goes on by itself when Redis does. Look at Redis’s memory, role and log.',
  },
  REDIS_WRONG_TYPE: {
    class: 'record',
    summary: 'a key of a row holds a value of another type, not written by this sink',
    fix: 'Run `redis-cli DEL KEY` for the key of the row, or change `sinks.redis.keyPrefix`, after which the sink stops with REDIS_EMPTIED, whose fix fills the new keys; then run `sluice dlq replay --sink redis --yes`.',
  },
});
