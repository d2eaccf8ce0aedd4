/** A table of the source, by its two names as the server has them. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** Each name quoted by backticks or not; of one that is not, the first dot ends the database. */
const TEXT =
  /^(?:`(?<quotedDatabase>(?:[^`]|``)+)`|(?<database>[^.]*))\.(?:`(?<quotedTable>(?:[^`]|``)+)`|(?<table>.*))$/su;

/**
 * `database.table`: how settings, logs, state and metrics name a table. A name with a dot or a backtick in it is quoted by
 * backticks, so that no two tables have one id: `` `a.b`.c `` and `` a.`b.c` ``.
 */
export function tableId(database: string, table: string): string {
  return `${unambiguous(database)}.${unambiguous(table)}`;
}

/** The `tableId` of a name. */
export function tableIdOf({ database, table }: TableName): string {
  return tableId(database, table);
}

/**
 * The names in a `tableId`, or in what people write for one: quotes that are not needed, or none, where the first dot separates.
 * Without a dot it is the name of a table, and that of its database is empty.
 */
export function parseTableId(text: string): TableName {
  const found = TEXT.exec(text)?.groups;
  if (found === undefined) return { database: '', table: text };
  const { quotedDatabase, database = '', quotedTable, table = '' } = found;
  return { database: unquoted(quotedDatabase) ?? database, table: unquoted(quotedTable) ?? table };
}

/** The `tableId` that people mean by a text: `` `shop`.`a.b` `` and `shop.a.b` are `` shop.`a.b` ``. */
export function toTableId(text: string): string {
  return tableIdOf(parseTableId(text));
}

/** A `tableId` as a shell takes it for one argument. */
export function tableArgument(id: string): string {
  return /^[\w.-]+$/u.test(id) ? id : `'${id.replaceAll("'", String.raw`'\''`)}'`;
}

function unambiguous(name: string): string {
  return /[.`]/u.test(name) ? `\`${name.replaceAll('`', '``')}\`` : name;
}

function unquoted(name: string | undefined): string | undefined {
  return name?.replaceAll('``', '`');
}
