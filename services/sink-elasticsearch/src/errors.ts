import { defineErrors } from '@sluice/runtime';

/** What can go wrong with this store, beside the codes that every service has. Keep it sorted by code. */
export const CODES = defineErrors({
  ELASTICSEARCH_AUTH: {
    class: 'fatal',
    means: 'login',
    summary: 'Elasticsearch refused the user, the API key or a privilege',
    fix: 'Correct `sinks.elasticsearch.auth`, or start the sink again: it lists the privileges that are missing, with the role that has them.',
  },
  ELASTICSEARCH_BUSY: {
    class: 'retryable',
    summary: 'Elasticsearch could not take one document now: queue full, shard missing, memory limit',
    fix: 'Nothing is lost: the document is tried again. Look at the thread pools and shards of the cluster.',
  },
  ELASTICSEARCH_DOCUMENT_REFUSED: {
    class: 'record',
    summary: 'Elasticsearch cannot index one document',
    fix: 'The message names the field or the reason: mend the mapping or the ingest pipeline of the index, which somebody has changed. Then run `sluice dlq replay --sink elasticsearch --yes`.',
  },
  ELASTICSEARCH_DOCUMENT_TOO_LARGE: {
    class: 'record',
    summary: 'one row is larger than a request to Elasticsearch may be',
    fix: 'Raise `http.max_content_length` of the cluster, then run `sluice dlq replay --sink elasticsearch --yes`.',
  },
  ELASTICSEARCH_DOCUMENT_UNKNOWN: {
    class: 'record',
    summary: 'Elasticsearch gave an error for one document that Sluice has no rule for',
    fix: 'Look up the error type of the dead letter in the Elasticsearch log; please report it.',
  },
  ELASTICSEARCH_INDEX_MISSING: {
    class: 'schema',
    means: 'no-table',
    summary: 'rows came for a table that has no index, or its index or live alias was deleted',
    fix: 'Run `sluice snapshot start --table DATABASE.TABLE --reconcile`: the index is made from the record that the snapshot begins with, and filled by it. The sink goes on by itself.',
  },
  ELASTICSEARCH_INDEX_REFUSED: {
    class: 'schema',
    means: 'no-shape',
    summary: 'the index of a table cannot be created or changed',
    fix: 'Look at the reason in the message: a name or a field that Elasticsearch does not allow, a mapping changed by hand, or another table that has the index. The sink tries again by itself.',
  },
  ELASTICSEARCH_INDEX_WAITS: {
    class: 'schema',
    summary:
      'a table gets a new index, for fields of other types, as soon as every partition has come to the change',
    fix: 'Nothing is to be done, unless a partition of the topic is paused for another reason: then mend that.',
  },
  ELASTICSEARCH_UNAVAILABLE: {
    class: 'retryable',
    summary: 'Elasticsearch does not answer, or its indices are blocked for writing',
    fix: 'Nothing is lost: the sink goes on by itself when Elasticsearch does. Look at its health, its log and the disk watermarks.',
  },
  ELASTICSEARCH_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the server is not an Elasticsearch that this sink can talk to',
    fix: 'Point `sinks.elasticsearch.node` at an Elasticsearch 8.19 or 9 cluster.',
  },
});
