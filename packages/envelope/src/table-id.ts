/**
 * `database.table`: how settings, logs, state and metrics name a table. A name with a dot or a backtick in it is quoted by
 * backticks, so that no two tables have one id: `` `a.b`.c `` and `` a.`b.c` ``.
 */
export function tableId(database: string, table: string): string {
  return `${unambiguous(database)}.${unambiguous(table)}`;
}

/** Database and table of a `tableId`. */
export function parseTableId(id: string): readonly string[] {
  return [...id.matchAll(/`((?:[^`]|``)*)`|[^.`]+/gu)].map(([plain, quoted]) =>
    quoted === undefined ? plain : quoted.replaceAll('``', '`'),
  );
}

function unambiguous(name: string): string {
  return /[.`]/u.test(name) ? `\`${name.replaceAll('`', '``')}\`` : name;
}
