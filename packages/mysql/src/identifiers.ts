/** The name as SQL reads it whatever it holds; valid under every sql_mode, ANSI_QUOTES included. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `` `database`.`table` `` */
export function quoteTable(database: string, table: string): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
}

/** An account as CURRENT_USER() tells it (`user@host`), as GRANT reads it under every sql_mode. */
export function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  const quote = /['\\]/u.test(account) ? quoteIdentifier : (part: string): string => `'${part}'`;
  return `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`;
}
