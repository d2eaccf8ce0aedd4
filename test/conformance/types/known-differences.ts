import type { SinkName } from '../../harness/pipelines/sink-pipeline.ts';

/** A place where a value cannot be exact, and why, in words that a user understands. */
export interface KnownDifference {
  /** Title of the table. */
  readonly title: string;
  /** A sink, or the topic of the source's server. */
  readonly place: SinkName | 'topic';
  /** The only server with it. */
  readonly server?: string;
  readonly reason: string;
}

const NO_FLOATING_KEY =
  'The text of a FLOAT or DOUBLE does not find the same value again with certainty, so nor does a row by such a key. The sink refuses the table with TARGET_TABLE_REFUSED and pauses it; the other tables go on.';

/** The run fails when one of them is not found any more, as it does for any other difference. */
const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    title: 'generated columns, VIRTUAL and STORED',
    place: 'topic',
    server: 'MariaDB 11.8',
    reason:
      'MariaDB 11 leaves generated columns out of what it logs of an UPDATE or a DELETE, so they are not published at all, by snapshots and INSERTs neither. All other columns are exact. Let the target compute them.',
  },
  {
    title: 'timestamp(6) null, after 2038',
    place: 'mysql',
    reason:
      'A TIMESTAMP of MySQL ends at 2038-01-19 03:14:07 UTC. Such a row becomes a dead letter; create the column as DATETIME in the target to hold it.',
  },
  {
    title: 'json, DECIMALs inside with more digits than a DOUBLE has',
    place: 'mysql',
    reason:
      'MySQL reads the numbers of a JSON text as DOUBLE: what a DECIMAL inside a document has beyond 17 digits is rounded in the target. On the topic, in Redis and in Elasticsearch it is exact.',
  },
  {
    title: 'TEXT and BLOB in the primary key by their first characters and bytes',
    place: 'mysql',
    reason:
      'Such a key is unique by its first characters only, while changes are ordered by the whole value. The sink refuses such a table with TARGET_TABLE_REFUSED and pauses it; the other tables go on.',
  },
  {
    title: 'DOUBLE in the primary key',
    place: 'mysql',
    reason: NO_FLOATING_KEY,
  },
  {
    title: 'FLOAT and DOUBLE in the primary key',
    place: 'mysql',
    reason: NO_FLOATING_KEY,
  },
];

/** What is known of a table on a server. */
export function knownDifferences(title: string, server: string): readonly KnownDifference[] {
  return KNOWN_DIFFERENCES.filter(
    (known) => known.title === title && (known.server === undefined || known.server === server),
  );
}
