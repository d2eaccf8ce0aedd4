import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  REDIS_AUTH: {
    class: 'fatal',
    means: 'login',
    summary: 'Redis rejected the user, the password or a command',
    fix: 'Correct the user and password of `sinks.SINK.url` (or `sinks.SINK.password`), or start the sink again: it lists what the ACL does not allow, with the ACL SETUSER command that allows it.',
  },
  REDIS_EMPTIED: {
    class: 'fatal',
    summary:
      'Redis has lost its data, or the newest of it, although it had acknowledged it, or has it below another `sinks.SINK.keyPrefix`',
    fix: "Run `redis-cli SET sluice:marker:GROUP filled-again`, start the sink, and run `sluice snapshot start --table 'DATABASE.*' --reconcile` for each database that is captured.",
  },
  REDIS_KEYS_TAKEN: {
    class: 'schema',
    summary: 'the keys of a table have the same prefix as those of another table or pipeline in this Redis',
    fix: 'Set another `sinks.SINK.keyPrefix`; if the sink has already written rows, it stops at its start with REDIS_EMPTIED, and the fix of that error fills the new keys. Or, if the other pipeline no longer exists, delete the keys that it left of the table: all keys of that pipeline that match `*DATABASE.TABLE:*`; the sink then continues. For a table with a key template they are those of the template, and the key that the message names.',
  },
  REDIS_KEY_TEMPLATE: {
    class: 'schema',
    summary:
      'the key template of a table (`sinks.SINK.rows`) names other columns than the table’s key has, or is another one than that by which its rows were written',
    fix: 'Correct `keyTemplate` of the table under `sinks.SINK.rows` as the message says; the sink then continues. For another template in the place of one that has written rows, the message names the keys to delete first, and the snapshot that fills the new ones.',
  },
  REDIS_REFUSED: {
    class: 'record',
    summary: 'Redis rejected one row',
    fix: 'Look at the dead letter’s error message.',
  },
  REDIS_TLS_FAILED: {
    class: 'fatal',
    summary: 'the TLS handshake with Redis failed',
    fix: 'Correct `sinks.SINK.tls`: check the CA file, `serverName` and the client certificate, and that the port of `sinks.SINK.url` is the one with TLS.',
  },
  REDIS_UNAVAILABLE: {
    class: 'retryable',
    summary: 'Redis does not answer, is loading, read-only or out of memory',
    fix: 'Nothing is lost: the sink continues when Redis accepts writes again. If it has never answered, correct `sinks.SINK.url`; else check the memory, role and log of Redis.',
  },
  REDIS_WRONG_TYPE: {
    class: 'record',
    summary: 'a key of a row holds a value of another type, not written by this sink',
    fix: 'Run `redis-cli DEL KEY` for the key of the row, or change `sinks.SINK.keyPrefix`, after which the sink stops with REDIS_EMPTIED, and the fix of that error fills the new keys; then run `sluice dlq replay --sink SINK --yes`.',
  },
});
