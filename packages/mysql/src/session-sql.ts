/*
 * What every session of ours sets, of a reader as of a writer: a server's globals, its `init_connect` and its option file
 * (`skip_character_set_client_handshake`) are made for its own applications, and would change what we read or write. DEFAULT
 * would take the global, so every value is spelled out.
 */

const UNLIMITED = '18446744073709551615';

/** Variables of both flavours. No one of them needs a privilege. */
const SETTINGS: readonly string[] = [
  // A statement stands for itself: with 0, the first SELECT would begin a transaction whose view is never renewed.
  'autocommit = 1',
  // A COMMIT or ROLLBACK neither begins the next transaction nor ends the connection.
  "completion_type = 'NO_CHAIN'",
  // Instants in UTC.
  "time_zone = '+00:00'",
  // Strict, so that no value is cut to fit; zero, partial and impossible dates as they are; a 0 in an AUTO_INCREMENT column
  // stays 0; backslash escapes, which the driver's quoting needs. What is left out matters as well: PAD_CHAR_TO_FULL_LENGTH
  // would change values, ANSI_QUOTES the meaning of quotes.
  "sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'",
  // No result is cut, refused or given another meaning.
  `sql_select_limit = ${UNLIMITED}`,
  `max_join_size = ${UNLIMITED}`,
  'sql_big_selects = 1',
  'sql_safe_updates = 0',
  'sql_auto_is_null = 0',
  // Bytes of a value that an ORDER BY without an index looks at: more than any key has.
  'max_sort_length = 65536',
  'unique_checks = 1',
  'foreign_key_checks = 1',
  // Seconds.
  'lock_wait_timeout = 86400',
  'innodb_lock_wait_timeout = 50',
  'net_read_timeout = 60',
  'net_write_timeout = 600',
  'wait_timeout = 28800',
];

/**
 * MariaDB passes over comments of versions from 50700 to 99999 (MariaDB manual, "Comment Syntax"). A consistent snapshot
 * needs REPEATABLE READ: under any other level both flavours begin one without a view, with a warning.
 */
const OF_MYSQL: readonly string[] = [
  "transaction_isolation = 'REPEATABLE-READ'",
  'transaction_read_only = 0',
  'max_execution_time = 0',
  // Long lists of keys are looked up in the index.
  'range_optimizer_max_mem_size = 0',
  'information_schema_stats_expiry = 0',
  // Else a TIMESTAMP NOT NULL of a table that we make would change by itself.
  'explicit_defaults_for_timestamp = 1',
];
/** Primary keys that the server makes and hides. */
const OF_MYSQL_8030: readonly string[] = ['show_gipk_in_create_table_and_information_schema = 1'];
/** Not of a session before 10.8. */
const OF_MARIADB_1011: readonly string[] = ['explicit_defaults_for_timestamp = 1'];
const OF_MARIADB: readonly string[] = [
  "tx_isolation = 'REPEATABLE-READ'",
  'tx_read_only = 0',
  'max_statement_time = 0',
  'idle_transaction_timeout = 0',
  // Long lists of keys stay lists: as joins they compare otherwise.
  'in_predicate_conversion_threshold = 0',
];

const list = (settings: readonly string[]): string => settings.map((setting) => `, ${setting}`).join('');

/** One statement, whatever the server. */
export const SESSION_SQL: string =
  `SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci${list(SETTINGS)}` +
  ` /*!80003${list(OF_MYSQL)}*/ /*!80030${list(OF_MYSQL_8030)}*/ /*M!100300${list(OF_MARIADB)}*/ /*M!101100${list(OF_MARIADB_1011)}*/`;

/**
 * What a file of statements begins with that a person runs: the session that its literals are written for. Rows of one table may come
 * before those that they refer to, and none goes along that is not named.
 */
export const SQL_FILE_HEAD = `${SESSION_SQL};\nSET SESSION foreign_key_checks = 0;\n`;
