import { isTlsFailureCode, PipelineError, type ErrorCode } from '@sluice/runtime';
import {
  AUTH_CODES,
  ERRNO_KINDS,
  MARIADB_NAMES,
  STATEMENT_ON_ENDED_CONNECTION,
  UNREACHABLE_CODES,
  type MysqlErrorKind,
} from './error-kinds.ts';

/**
 * What an error that nothing is known of belongs to: the connection (try again, for ever) or one item, a row or a
 * statement made for it (isolate it, dead-letter it).
 */
export type ErrorScope = 'connection' | 'item';

export interface MysqlErrorDescription {
  readonly kind: MysqlErrorKind;
  /** Number of the server's error; null when it is none of the server's. */
  readonly errno: number | null;
  /** Name of the error as the driver or Node gives it, e.g. `ER_DUP_ENTRY`, `ECONNREFUSED`; '' without one. */
  readonly code: string;
}

const CODES: Readonly<Record<Exclude<MysqlErrorKind, 'unknown'>, ErrorCode>> = {
  auth: 'MYSQL_AUTH_FAILED',
  privilege: 'MYSQL_PRIVILEGE_MISSING',
  'database-unknown': 'MYSQL_DATABASE_UNKNOWN',
  tls: 'MYSQL_TLS_FAILED',
  unreachable: 'MYSQL_UNREACHABLE',
  busy: 'MYSQL_BUSY',
  'read-only': 'MYSQL_READ_ONLY',
  value: 'MYSQL_VALUE_REFUSED',
  duplicate: 'MYSQL_DUPLICATE',
  constraint: 'MYSQL_CONSTRAINT',
  'table-unknown': 'MYSQL_TABLE_UNKNOWN',
  'column-unknown': 'MYSQL_COLUMN_UNKNOWN',
  driver: 'MYSQL_DRIVER_FAILED',
};

/** The driver's own, of a server that does not speak TLS where it is asked for. */
const NO_TLS_CODE = 'HANDSHAKE_NO_SSL_SUPPORT';

/** Reads numbers and codes only: the message of a server may be translated and quotes row values. */
export function describeMysqlError(error: unknown): MysqlErrorDescription {
  const { errno, code, fatal } = fieldsOf(error);
  // Errors of Node carry negative numbers, which are the operating system's. What a server says on its own account, while no
  // statement runs, has its number as the code.
  const told = typeof code === 'number' ? code : errno;
  const number = typeof told === 'number' && told > 0 ? told : null;
  const given = typeof code === 'string' ? code : '';
  const name = (number === null ? undefined : MARIADB_NAMES.get(number)) ?? given;
  return {
    kind: kindOfError(error, number, name, fatal === true),
    errno: number,
    code: name,
  };
}

function kindOfError(error: unknown, errno: number | null, code: string, fatal: boolean): MysqlErrorKind {
  if (code === 'HANDSHAKE_SSL_ERROR') return tlsKind(error);
  if (errno === null && code === '' && fatal) return codelessKind(error);
  const kind = kindOf(errno, code);
  // Whatever ended the connection, or came from the operating system, is no fault of a row.
  return kind === 'unknown' && (fatal || isOfNode(error)) ? 'unreachable' : kind;
}

/** Errors of system calls and streams, by their fields (Node.js manual, "Errors"); the driver passes some on as they are. */
function isOfNode(error: unknown): boolean {
  const { code, syscall } = fieldsOf(error);
  return syscall !== undefined || (typeof code === 'string' && code.startsWith('ERR_STREAM_'));
}

/**
 * The driver marks as fatal what ended the connection. What has no code either was thrown by its own code, over an answer
 * that it does not understand: it would be thrown again at every try.
 */
function codelessKind(error: unknown): MysqlErrorKind {
  return error instanceof Error && error.message === STATEMENT_ON_ENDED_CONNECTION ? 'unreachable' : 'driver';
}

function kindOf(errno: number | null, code: string): MysqlErrorKind {
  const known = errno === null ? undefined : ERRNO_KINDS.get(errno);
  if (known !== undefined) return known;
  if (code === NO_TLS_CODE || isTlsFailureCode(code)) return 'tls';
  // OpenSSL's other codes are of a connection that was cut in the handshake.
  if (UNREACHABLE_CODES.has(code) || code.startsWith('ERR_SSL_')) return 'unreachable';
  if (AUTH_CODES.has(code)) return 'auth';
  return 'unknown';
}

/**
 * The driver gives every error of a TLS handshake this one code, a connection that was cut in the middle of it as well.
 * Node marks a reset with the number of the system call's error, and an orderly end with the field `localAddress`.
 */
function tlsKind(error: unknown): MysqlErrorKind {
  const fields = fieldsOf(error);
  return fields.errno !== undefined || 'localAddress' in fields ? 'unreachable' : 'tls';
}

/**
 * Any error of mysql2 as a PipelineError with a MYSQL_… code; a PipelineError comes back as it is. `scope` decides only
 * what an unknown error is: MYSQL_UNKNOWN (retryable) of the connection, MYSQL_ITEM_UNKNOWN (record) of one item.
 */
export function toPipelineError(error: unknown, scope: ErrorScope = 'connection'): PipelineError {
  if (error instanceof PipelineError) return error;
  const { kind, errno, code } = describeMysqlError(error);
  // Of a password that was to be read: the driver makes an error of its own of it.
  if (code === 'SECRET_UNAVAILABLE' && error instanceof Error) return new PipelineError(code, error.message);
  const unknown: ErrorCode = scope === 'connection' ? 'MYSQL_UNKNOWN' : 'MYSQL_ITEM_UNKNOWN';
  const name = code || (errno === null ? 'an error without a code' : 'error');
  // The driver's own words name a column at most, never a value.
  const words = kind === 'driver' && error instanceof Error ? `: ${error.message.slice(0, 300)}` : '';
  const message = errno === null ? `MySQL connection: ${name}${words}` : `MySQL gave ${name} (${errno})`;
  return new PipelineError(kind === 'unknown' ? unknown : CODES[kind], message, {
    cause: error,
    context: { errno, code },
  });
}

function fieldsOf(error: unknown): {
  errno?: unknown;
  code?: unknown;
  fatal?: unknown;
  syscall?: unknown;
} {
  return typeof error === 'object' && error !== null ? error : {};
}
