import { toPipelineError } from '@sluice/mysql';
import { PipelineError, type ErrorCode } from '@sluice/runtime';
import { setGlobal } from './set-global.ts';

/** ER_MASTER_FATAL_ERROR_READING_BINLOG: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const CANNOT_READ_BINLOG = 1236;

/** One number stands for everything that ends a dump: only the text, which servers never translate, tells what it was. */
const REASONS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /same server_uuid\/server_id/iu,
    'SOURCE_READ_TWICE',
    'Another reader with the replica id of capture has connected to the source',
  ],
  [
    /purged|could not find first log file|could not find GTID state/iu,
    'SOURCE_BINLOG_PURGED',
    'The source no longer has its binlog from the checkpoint on',
  ],
  [
    /impossible position|position > file size|more GTIDs than|not in the (?:master|source|primary)'s binlog|is missing the GTID/iu,
    'SOURCE_DIVERGED',
    'The source does not have the binlog that was read before',
  ],
  [
    /could not find next log/iu,
    'SOURCE_CLOSED_STREAM',
    'The source no longer has the file that followed in its binlog, as after RESET MASTER: what that means is found out by connecting anew',
  ],
  [
    /anonymous transaction/iu,
    'SOURCE_MISCONFIGURED',
    'The source has transactions without GTIDs that were not read yet, and does not send them. Run on it: SET GLOBAL gtid_mode = ON_PERMISSIVE; start capture, and run SET GLOBAL gtid_mode = ON; when it has read them',
  ],
  [
    /GTID_MODE|AUTO_POSITION/u,
    'SOURCE_MISCONFIGURED',
    `The source cannot be read by GTID. Run on it, when its replicas allow it: ${setGlobal('gtid_mode = ON')}`,
  ],
  [
    /max_allowed_packet/iu,
    'SOURCE_MISCONFIGURED',
    `An event is larger than the source may send. Run on it: ${setGlobal('max_allowed_packet = 1073741824')}`,
  ],
  [
    /bogus data|corrupt|truncated in the middle|checksum|crc/iu,
    'BINLOG_UNREADABLE',
    'The source cannot read its own binlog',
  ],
];

/** The error by which a server refuses or ends a dump. What it does not name is MYSQL_UNKNOWN, with its text. */
export function dumpRefusal(error: Error): PipelineError {
  const translated = toPipelineError(error);
  if (translated.context['errno'] !== CANNOT_READ_BINLOG) return translated;
  const { context } = translated;
  for (const [form, code, what] of REASONS)
    if (form.test(error.message))
      return new PipelineError(code, `${what} (${error.message}).`, { cause: error, context });
  return new PipelineError('MYSQL_UNKNOWN', `The source does not send its binlog: ${error.message}`, {
    cause: error,
    context,
  });
}
