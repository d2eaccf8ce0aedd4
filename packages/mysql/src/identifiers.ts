/** The name as SQL reads it whatever it holds; valid under every sql_mode, ANSI_QUOTES included. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `` `database`.`table` `` */
export function quoteTable(database: string, table: string): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
}
