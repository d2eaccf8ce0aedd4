import type { TableName } from '@sluice/envelope';
import { leadingTable } from './statement-text.ts';

/** A change of rows that was logged as its text. */
export interface RowStatement {
  readonly verb: string;
  /** Null when it is not plain which table it changes. */
  readonly table: TableName | null;
  /** That it calls nothing which could change rows of other tables; triggers may. */
  readonly isAlone: boolean;
  /** Whether it may change or remove rows that were there: only then foreign keys take those of other tables along. */
  readonly touchesOld: boolean;
  /** That it makes the table which it fills: no trigger is on it yet, and no foreign key leads to it. */
  readonly makesTable?: true;
}

/** Nothing but a function that changes rows brings a SELECT, DO or CALL into a binlog. */
const VERB = /^(INSERT|REPLACE|UPDATE|DELETE|LOAD|WITH|SELECT|DO|CALL)\b/iu;
/** The plain forms of such a change, each up to the name of its table, and what may follow the name. */
const PLAIN_CHANGES: readonly { readonly head: RegExp; readonly tail: RegExp }[] = [
  {
    head: /^(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?(.+)$/isu,
    tail: /^/u,
  },
  { head: /^UPDATE\s+(?:(?:LOW_PRIORITY|IGNORE)\s+)*(.+)$/isu, tail: /^SET\b/iu },
  {
    head: /^DELETE\s+(?:(?:LOW_PRIORITY|QUICK|IGNORE)\s+)*FROM\s+(.+)$/isu,
    tail: /^(?:$|WHERE\b|ORDER\b|LIMIT\b)/iu,
  },
  { head: /^LOAD\s+(?:DATA|XML)\s.*?\sINTO\s+TABLE\s+(.+)$/isu, tail: /^/u },
];
/** An INSERT that updates no row it meets. */
const ONLY_ADDS = /^INSERT\b(?!.*\bON\s+DUPLICATE\b)/isu;
const CALL = /(\.)?(`(?:[^`]|``)*`|[\w$\u0080-\u{10ffff}]+) ?\(/gu;
/**
 * What may stand before a parenthesis and changes no rows: words of the grammar, types, functions that every version of both
 * servers has. One that a server lacks may be a stored function there.
 */
const HARMLESS = new Set(
  `ALL AND ANY AS BETWEEN BY CASE DISTINCT DIV ELSE EXISTS FROM HAVING IN INDEX INTO INTERVAL JOIN KEY LIKE LIMIT LINES MOD NOT ON OR OVER
   PARTITION REGEXP RETURNING SELECT SET SOME THEN UNION USING VALUE VALUES WHEN WHERE WITH XOR
   BINARY BIT CHAR DATE DATETIME DECIMAL DOUBLE FLOAT NCHAR SIGNED TIME TIMESTAMP UNSIGNED VARBINARY VARCHAR YEAR
   ABS ADDDATE ADDTIME ASCII AVG BIN BIT_AND BIT_OR BIT_XOR CAST CEIL CEILING CHAR_LENGTH COALESCE COMPRESS CONCAT CONCAT_WS CONV CONVERT COUNT
   CRC32 CURDATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURTIME DATABASE DATEDIFF DATE_ADD DATE_FORMAT DATE_SUB DAY
   ELT EXTRACT FIELD FIND_IN_SET FLOOR FORMAT FROM_BASE64 FROM_UNIXTIME GREATEST GROUP_CONCAT HEX HOUR IF IFNULL INET6_ATON INET_ATON
   INSTR ISNULL JSON_ARRAY JSON_EXTRACT JSON_OBJECT JSON_QUOTE JSON_REMOVE JSON_REPLACE JSON_SET JSON_UNQUOTE JSON_VALID JSON_VALUE
   LAST_INSERT_ID LCASE LEAST LEFT LENGTH LOCALTIMESTAMP LOCATE LOWER LPAD LTRIM MAKETIME MAX MD5 MICROSECOND MIN MINUTE MONTH NOW
   NULLIF POINT POW POWER QUOTE RAND REGEXP_REPLACE REPEAT REPLACE REVERSE RIGHT ROUND ROW ROW_NUMBER RPAD RTRIM
   SECOND SHA SHA1 SHA2 SIGN SPACE SQRT STR_TO_DATE ST_GEOMFROMTEXT SUBDATE SUBSTR SUBSTRING SUBSTRING_INDEX SUM SYSDATE TIMEDIFF
   TIMESTAMPADD TIMESTAMPDIFF TO_BASE64 TO_DAYS TRIM TRUNCATE UCASE UNCOMPRESS UNHEX UNIX_TIMESTAMP UPPER USER UTC_DATE UTC_TIMESTAMP
   UUID UUID_SHORT WEEK`.split(/\s+/u),
);

const QUOTED_NAME = /`(?:[^`]|``)*`/gu;
/** Where a query begins, or its part behind WITH: all three words are reserved, and partitions have VALUES LESS THAN and VALUES IN. */
const QUERY = /(?<![.\w$@])(?:SELECT\b|TABLE\b|VALUES ?(?:ROW ?)?\().*$/isu;

/**
 * What fills a table that a CREATE TABLE makes; null when there is no query in the statement.
 * @param definition what stands behind the table's name, by `plainStatement`
 */
export function fillingQuery(table: TableName, definition: string): RowStatement | null {
  const hasQuery = QUERY.test(definition.replaceAll(QUOTED_NAME, '``'));
  if (!hasQuery) return null;
  const query = QUERY.exec(definition)?.[0] ?? definition;
  return {
    verb: 'CREATE TABLE … SELECT',
    table,
    isAlone: !callsMore(query),
    touchesOld: false,
    makesTable: true,
  };
}

/** Null for a statement that changes no rows. @param text by `plainStatement` */
export function rowStatement(text: string, database: string): RowStatement | null {
  const verb = VERB.exec(text)?.[1]?.toUpperCase();
  if (verb === undefined) return null;
  for (const { head, tail } of PLAIN_CHANGES) {
    const found = leadingTable(head.exec(text)?.[1] ?? '', database);
    if (found === null || !tail.test(found.rest)) continue;
    const { rest, ...table } = found;
    return { verb, table, isAlone: !callsMore(rest), touchesOld: !ONLY_ADDS.test(text) };
  }
  return { verb, table: null, isAlone: false, touchesOld: true };
}

/** Whether something is called that is not known to change no rows. */
function callsMore(text: string): boolean {
  for (const [, dot, name = ''] of text.matchAll(CALL))
    if (dot !== undefined || !HARMLESS.has(name.toUpperCase())) return true;
  return false;
}
