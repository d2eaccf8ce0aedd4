import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { ERRNO_KINDS } from '../src/error-kinds.ts';
import { describeMysqlError, toPipelineError } from '../src/errors.ts';

/** As mysql2 makes them: a message with a row value in it, and the statement. */
function serverError(errno: number, code = 'ER_X'): Error {
  return Object.assign(new Error("Duplicate entry 'ann' for key 'email'"), {
    errno,
    code,
    sqlState: '23000',
    sqlMessage: "Duplicate entry 'ann'",
    sql: "INSERT INTO t VALUES ('ann')",
  });
}

describe('by number of the server', () => {
  test.each([
    [1045, 'MYSQL_AUTH_FAILED', 'fatal'],
    [1049, 'MYSQL_DATABASE_UNKNOWN', 'fatal'],
    [1142, 'MYSQL_PRIVILEGE_MISSING', 'fatal'],
    [3159, 'MYSQL_TLS_FAILED', 'fatal'],
    [1040, 'MYSQL_UNREACHABLE', 'retryable'],
    [1053, 'MYSQL_UNREACHABLE', 'retryable'],
    [1213, 'MYSQL_BUSY', 'retryable'],
    [1205, 'MYSQL_BUSY', 'retryable'],
    [1290, 'MYSQL_READ_ONLY', 'retryable'],
    [1836, 'MYSQL_READ_ONLY', 'retryable'],
    [1048, 'MYSQL_VALUE_REFUSED', 'record'],
    [1264, 'MYSQL_VALUE_REFUSED', 'record'],
    [1292, 'MYSQL_VALUE_REFUSED', 'record'],
    [1366, 'MYSQL_VALUE_REFUSED', 'record'],
    [1406, 'MYSQL_VALUE_REFUSED', 'record'],
    [1062, 'MYSQL_DUPLICATE', 'record'],
    [1452, 'MYSQL_CONSTRAINT', 'record'],
    [3819, 'MYSQL_CONSTRAINT', 'record'],
    [4025, 'MYSQL_CONSTRAINT', 'record'],
    [1146, 'MYSQL_TABLE_UNKNOWN', 'schema'],
    [1054, 'MYSQL_COLUMN_UNKNOWN', 'schema'],
  ])('%i is %s', (errno, code, errorClass) => {
    for (const scope of ['connection', 'item'] as const) {
      expect(toPipelineError(serverError(errno), scope)).toMatchObject({
        code,
        errorClass,
        context: { errno },
      });
    }
  });

  test("an error of MariaDB has its own name, not that of MySQL's with its number", () => {
    const error = Object.assign(serverError(4025), { code: 'ER_INNODB_AUTOEXTEND_SIZE_OUT_OF_RANGE' });
    expect(toPipelineError(error, 'item').message).toBe('MySQL gave ER_CONSTRAINT_FAILED (4025)');
  });

  test('one that is not known belongs to the connection or to the item, as the caller says', () => {
    const error = serverError(9999);
    expect(toPipelineError(error)).toMatchObject({ code: 'MYSQL_UNKNOWN', errorClass: 'retryable' });
    expect(toPipelineError(error, 'item')).toMatchObject({
      code: 'MYSQL_ITEM_UNKNOWN',
      errorClass: 'record',
    });
  });

  test('one that is not known and ended the connection is no fault of a row', () => {
    const error = Object.assign(serverError(9999), { fatal: true });
    expect(toPipelineError(error, 'item')).toMatchObject({ code: 'MYSQL_UNREACHABLE' });
  });

  test('the number wins over the driver marking the connection as ended', () => {
    expect(describeMysqlError(Object.assign(serverError(1045), { fatal: true })).kind).toBe('auth');
  });
});

describe('without a number', () => {
  test.each([
    [{ code: 'ECONNREFUSED', errno: -111, fatal: true }, 'unreachable'],
    [{ code: 'ETIMEDOUT' }, 'unreachable'],
    [{ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }, 'unreachable'],
    [{ code: 'ENOBUFS', errno: -105, fatal: true }, 'unreachable'],
    [{ code: 'EADDRNOTAVAIL', errno: -99, syscall: 'connect' }, 'unreachable'],
    [{ code: 'PROTOCOL_ERROR', fatal: true }, 'unreachable'],
    [{ code: 'ERR_STREAM_DESTROYED' }, 'unreachable'],
    [{ code: 'AUTH_SWITCH_PLUGIN_ERROR', fatal: true }, 'auth'],
    [{ code: 'ER_ODD' }, 'unknown'],
    [{ fatal: true }, 'driver'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', fatal: true }, 'tls'],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER', fatal: true }, 'tls'],
    [{ code: 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING' }, 'unreachable'],
    [{ code: 'CERT_NOT_YET_VALID', fatal: true }, 'tls'],
    [{ code: 'HANDSHAKE_NO_SSL_SUPPORT', fatal: true }, 'tls'],
    [{ code: 'HANDSHAKE_SSL_ERROR', fatal: true }, 'tls'],
    [{ code: 'HANDSHAKE_SSL_ERROR', fatal: true, errno: -104, syscall: 'read' }, 'unreachable'],
    [{ code: 'HANDSHAKE_SSL_ERROR', fatal: true, localAddress: undefined }, 'unreachable'],
    [{ code: 'HANDSHAKE_SSL_ERROR', fatal: true, reason: 'Host: db', host: 'db' }, 'tls'],
    [{}, 'unknown'],
  ])('%o is %s', (fields, kind) => {
    const description = describeMysqlError(Object.assign(new Error('x'), fields));
    expect(description).toMatchObject({ kind, errno: null });
  });

  test('a server that ends a session while no statement runs gives its number as the code', () => {
    const ended = Object.assign(new Error('…'), { code: 4031, fatal: true });
    expect(describeMysqlError(ended)).toEqual({ kind: 'unreachable', errno: 4031, code: '' });
  });

  test('what the driver throws over an answer is not taken for a lost connection', () => {
    const thrown = Object.assign(new TypeError('The field name is …'), { fatal: true });
    const found = toPipelineError(thrown);
    expect(found).toMatchObject({ code: 'MYSQL_DRIVER_FAILED', errorClass: 'fatal' });
    expect(found.message).toBe('MySQL connection: an error without a code: The field name is …');
  });

  test('what is no error at all is unknown', () => {
    expect(describeMysqlError('text')).toEqual({ kind: 'unknown', errno: null, code: '' });
    expect(describeMysqlError(null).kind).toBe('unknown');
  });
});

test('the message holds no row value and no statement; the cause is kept', () => {
  const cause = serverError(1062, 'ER_DUP_ENTRY');
  const error = toPipelineError(cause, 'item');
  expect(error.message).toBe('MySQL gave ER_DUP_ENTRY (1062)');
  expect(JSON.stringify(error.context)).not.toContain('ann');
  expect(error.cause).toBe(cause);
});

test('a PipelineError comes back as it is', () => {
  const error = new PipelineError('CONFIG_INVALID', 'x');
  expect(toPipelineError(error)).toBe(error);
});

test('the table knows no number as unknown', () => {
  expect([...ERRNO_KINDS.values()]).not.toContain('unknown');
});
