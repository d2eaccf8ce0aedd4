/** What an error of a MySQL or MariaDB server or of the way to it means. Who uses it picks the error code of its own side. */
export type MysqlErrorKind =
  | 'auth'
  | 'privilege'
  | 'database-unknown'
  | 'tls'
  | 'unreachable'
  | 'busy'
  | 'read-only'
  | 'value'
  | 'duplicate'
  | 'constraint'
  | 'table-unknown'
  | 'column-unknown'
  | 'driver'
  | 'unknown';

/**
 * Error numbers of the server: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and
 * https://mariadb.com/kb/en/mariadb-error-code-reference/. Where the two give one number two meanings, the comment says so.
 */
export const ERRNO_KINDS: ReadonlyMap<number, MysqlErrorKind> = new Map<number, MysqlErrorKind>([
  // Only a person can change a password, a grant or the state of an account.
  [1045, 'auth'], // access denied for user
  [1251, 'auth'], // the client does not speak the account's authentication
  [1698, 'auth'], // access denied without password (MariaDB: unix_socket accounts)
  [1820, 'auth'], // the password must be changed before anything else
  [1862, 'auth'], // the password has expired
  [3118, 'auth'], // account locked (MySQL)
  [4151, 'auth'], // account locked (MariaDB)
  [1130, 'auth'], // this host is not allowed to connect
  [3159, 'tls'], // the server wants TLS
  [1044, 'privilege'], // no access to the database
  [1142, 'privilege'], // no such privilege on the table
  [1143, 'privilege'], // no such privilege on the column
  [1227, 'privilege'], // SUPER or another global privilege is missing
  [1370, 'privilege'], // no such privilege on the routine
  [1049, 'database-unknown'],

  // The server is there but not for us at the moment, or the connection went away under the statement.
  [1040, 'unreachable'], // too many connections
  [1043, 'unreachable'], // bad handshake, as a connection cut in the middle gives
  [1053, 'unreachable'], // shutdown in progress
  [1129, 'unreachable'], // host blocked after many connection errors: until FLUSH HOSTS
  [1152, 'unreachable'], // connection aborted
  [1158, 'unreachable'], // error reading packets
  [1159, 'unreachable'], // timeout reading packets
  [1160, 'unreachable'], // error writing packets
  [1161, 'unreachable'], // timeout writing packets
  [1184, 'unreachable'], // new connection aborted
  [1203, 'unreachable'], // the user has all its connections already
  [1226, 'unreachable'], // the user is over a limit per hour
  [1927, 'unreachable'], // connection killed (MariaDB)
  [3032, 'unreachable'], // offline mode (MySQL)
  [3168, 'unreachable'], // server not available (MySQL)
  [4031, 'unreachable'], // disconnected for inactivity (MySQL); MariaDB's meaning does not occur on our statements

  // Another try may well succeed; nothing is wrong with the rows.
  [1205, 'busy'], // lock wait timeout
  [1206, 'busy'], // lock table full
  [1213, 'busy'], // deadlock, this one was the victim
  [1317, 'busy'], // statement interrupted
  [1637, 'busy'], // too many open transactions
  [1969, 'busy'], // max_statement_time exceeded (MariaDB)
  [3024, 'busy'], // max_execution_time exceeded (MySQL)
  [3101, 'busy'], // group replication rolled the transaction back (MySQL)
  [3572, 'busy'], // NOWAIT lock not granted (MySQL)
  [1020, 'busy'], // the row changed since it was read (MariaDB with innodb_snapshot_isolation)
  [1021, 'busy'], // disk full
  [1114, 'busy'], // table or tablespace full
  [1037, 'busy'], // out of memory
  [1038, 'busy'], // out of sort memory
  [1041, 'busy'], // out of memory for the server's threads
  [1197, 'busy'], // transaction larger than max_binlog_cache_size
  [1180, 'busy'], // commit failed in the storage engine
  [1030, 'busy'], // storage engine error: disk, files
  [1290, 'read-only'], // --read-only or --super-read-only, as after a failover
  [1792, 'read-only'], // read-only transaction
  [1836, 'read-only'], // server in read-only mode

  // One row's values do not fit; the other rows do.
  [1048, 'value'], // NULL in a NOT NULL column
  [1153, 'value'], // packet larger than max_allowed_packet
  [1264, 'value'], // number out of range
  [1265, 'value'], // value truncated, e.g. not a member of the ENUM
  [1292, 'value'], // incorrect date, time or number
  [1364, 'value'], // the field has no default
  [1366, 'value'], // incorrect text for the column's character set, or not a number
  [1367, 'value'], // illegal value while parsing
  [1406, 'value'], // too long
  [1411, 'value'], // incorrect value for a function's type
  [1416, 'value'], // not a geometry
  [1690, 'value'], // out of range in an expression
  [3037, 'value'], // invalid GIS data (MySQL)
  [3140, 'value'], // invalid JSON text (MySQL)
  [3150, 'value'], // JSON value too big (MySQL)
  [3643, 'value'], // SRID does not match the column (MySQL)
  [1022, 'duplicate'], // duplicate key in the table
  [1062, 'duplicate'], // duplicate entry for a unique index
  [1586, 'duplicate'], // the same, with the index's name
  [1216, 'constraint'], // foreign key: no parent
  [1217, 'constraint'], // foreign key: has children
  [1451, 'constraint'], // foreign key: has children, with its name
  [1452, 'constraint'], // foreign key: no parent, with its name
  [1526, 'constraint'], // no partition for the value
  [1644, 'constraint'], // a trigger raised SIGNAL
  [1906, 'constraint'], // value for a generated column (MariaDB)
  [3105, 'constraint'], // value for a generated column (MySQL)
  [3819, 'constraint'], // CHECK violated (MySQL)
  [4025, 'constraint'], // CHECK violated (MariaDB); MySQL uses it in CREATE TABLESPACE only

  // The table is not what the rows were made for.
  [1051, 'table-unknown'], // DROP of an unknown table
  [1146, 'table-unknown'],
  [1054, 'column-unknown'],
  [1072, 'column-unknown'], // key column does not exist
  [1136, 'column-unknown'], // column count does not match
]);

/** Names of MariaDB's errors where the driver, which has MySQL's list, gives those of another error. */
export const MARIADB_NAMES: ReadonlyMap<number, string> = new Map([
  [4025, 'ER_CONSTRAINT_FAILED'],
  [4151, 'ER_ACCOUNT_HAS_BEEN_LOCKED'],
]);

/** Codes of Node's sockets and of the driver: the other side, or the way to it, is gone. */
export const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
]);

/** Codes of the driver for a way to log in that it does not know, or that the settings do not allow. */
export const AUTH_CODES: ReadonlySet<string> = new Set([
  'AUTH_SWITCH_PLUGIN_ERROR',
  'MYSQL_CLEAR_PASSWORD_NOT_ENABLED',
]);

/** A statement on a connection that has ended: the one error of the network for which the driver has only these words. */
export const STATEMENT_ON_ENDED_CONNECTION = "Can't add new command when connection is in closed state";
