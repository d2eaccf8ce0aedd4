import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  ELASTICSEARCH_AUTH: {
    class: 'fatal',
    means: 'login',
    summary: 'Elasticsearch refused the user, the API key or a privilege',
    fix: 'Correct `sinks.SINK.auth`, or start the sink again: it lists the missing privileges, with a role that contains them.',
  },
  ELASTICSEARCH_BUSY: {
    class: 'retryable',
    summary: 'Elasticsearch could not take one document now: queue full, shard missing, memory limit',
    fix: 'Nothing is lost: the document is tried again. Look at the thread pools and shards of the cluster.',
  },
  ELASTICSEARCH_DOCUMENT_REFUSED: {
    class: 'record',
    summary: 'Elasticsearch cannot index one document',
    fix: 'The message names the field or the reason: correct the mapping or the ingest pipeline of the index, which was changed by hand. Then run `sluice dlq replay --sink SINK --yes`.',
  },
  ELASTICSEARCH_DOCUMENT_TOO_LARGE: {
    class: 'record',
    summary: 'a row is larger than the largest request that Elasticsearch accepts',
    fix: 'Raise `http.max_content_length` of the cluster, then run `sluice dlq replay --sink SINK --yes`.',
  },
  ELASTICSEARCH_DOCUMENT_UNKNOWN: {
    class: 'record',
    summary: 'Elasticsearch returned an error for one document that Sluice does not know',
    fix: 'Look up the error type of the dead letter in the Elasticsearch log; please report it.',
  },
  ELASTICSEARCH_INDEX_MISSING: {
    class: 'schema',
    means: 'no-table',
    summary: 'a table with rows to apply has no index, or its index or live alias was deleted',
    fix: 'Run `sluice snapshot start --table DATABASE.TABLE --reconcile`: the first record of the snapshot creates the index, the snapshot fills it, and the sink continues.',
  },
  ELASTICSEARCH_INDEX_REFUSED: {
    class: 'schema',
    means: 'no-shape',
    summary: 'the index of a table cannot be created or changed',
    fix: 'Look at the reason in the message: a name or a field that Elasticsearch does not allow, a mapping changed by hand, a data stream or documents of others under the name, or an index that belongs to another table. The sink retries automatically. A mapping that was changed by hand is left behind by `sluice sink rebuild --sink SINK --table DATABASE.TABLE --yes`.',
  },
  ELASTICSEARCH_INDEX_RENAMED: {
    class: 'schema',
    summary:
      'the name of a table’s index (`sinks.SINK.indexes`) is another one than that under which its rows were written',
    fix: 'Set the name back; the sink then continues. For the new name in the place of the old one, delete the index that the message names, and run the snapshot that it names: its first record makes the new index, and the snapshot fills it.',
  },
  ELASTICSEARCH_INDEX_WAITS: {
    class: 'schema',
    summary:
      'a table gets a new index with other field types as soon as every partition has reached the change',
    fix: 'No action needed, unless a partition of the topic is paused for another reason: then fix that. Where `/status` lists the table as incomplete, a partition may have lost the change to retention: run the command that stands there.',
  },
  ELASTICSEARCH_TLS_FAILED: {
    class: 'fatal',
    summary: 'the TLS handshake with Elasticsearch failed',
    fix: 'Correct `sinks.SINK.tls`: check the CA file, `serverName` and the client certificate, and that the port of `sinks.SINK.node` is the one with TLS.',
  },
  ELASTICSEARCH_UNAVAILABLE: {
    class: 'retryable',
    summary: 'Elasticsearch does not answer, or its indices are blocked for writing',
    fix: 'Nothing is lost: the sink continues when Elasticsearch accepts writes again. If it has never answered, correct `sinks.SINK.node`; else check its health, its log and the disk watermarks.',
  },
  ELASTICSEARCH_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the server is not an Elasticsearch version that this sink supports',
    fix: 'Point `sinks.SINK.node` at an Elasticsearch 8.19 or 9 cluster.',
  },
});
