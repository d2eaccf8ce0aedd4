import { PipelineError } from '@sluice/runtime';
import { BinlogReader, type ReaderOptions } from './binlog-reader.ts';

const FORMAT_DESCRIPTION = 15;
const EVENT_TYPE_AT = 4;
/** Where every binlog file begins, behind its magic number. */
const FIRST_POSITION = 4;
/** For what a server sends at once. */
const ANSWER_MS = 10_000;

/**
 * When the server made this binlog file: the time of its format event, in seconds since 1970. Read by a dump of its own,
 * because one that continues at a GTID set may begin in a later file and never show this one.
 * Throws a PipelineError (`MYSQL_*`, `SOURCE_*`) when the server does not send it.
 */
export async function readFileCreatedAt(options: Omit<ReaderOptions, 'from'>, file: string): Promise<number> {
  const from = { file, position: FIRST_POSITION, gtidSet: null };
  const reader = await BinlogReader.open({ ...options, from });
  try {
    for (const end = performance.now() + ANSWER_MS; performance.now() < end;) {
      const events = await reader.take(options.heartbeatMs);
      const format = events.find((event) => event[EVENT_TYPE_AT] === FORMAT_DESCRIPTION);
      if (format !== undefined) return format.readUInt32LE(0);
    }
  } finally {
    reader.close();
  }
  throw new PipelineError('SOURCE_SILENT', `The source did not send the beginning of ${file}.`);
}
