export { readAccountFacts, type AccountFacts } from './account-facts.ts';
export { answerOf, boundAnswers } from './answers.ts';
export { isUtf8Charset } from './charsets.ts';
export {
  acquire,
  connect,
  createPool,
  driverOptions,
  type Connection,
  type MysqlOptions,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
} from './connect.ts';
export type { MysqlErrorKind } from './error-kinds.ts';
export {
  describeMysqlError,
  toPipelineError,
  type ErrorScope,
  type MysqlErrorDescription,
} from './errors.ts';
export { quoteAccount, quoteIdentifier, quoteTable } from './identifiers.ts';
export {
  columnCodec,
  documentCodec,
  equalLiteral,
  mariadbJson,
  quote,
  typeName,
  type ColumnCodec,
} from './literals.ts';
export { SESSION_SQL, SQL_FILE_HEAD } from './session-sql.ts';
export { readTable, readTables, type ColumnRow, type TableDescription, type UniqueIndex } from './tables.ts';
export { readVariables, readVersion } from './variables.ts';
export { flavourOf, isAtLeast, parseVersion, type Flavour, type ServerVersion } from './version.ts';
