import { parseTableId } from './table-name.ts';

/**
 * Which tables a pattern means: `*` is any text, `?` one character, everything else is itself. It is held against the pair of
 * names, so that `d.*` means tables of `d` alone and none of a database `d.b`: only a wildcard fits a dot within a name.
 *
 * @param pattern `database.table`; a name may be quoted by backticks, as `tableId` does
 */
export function tablePattern(pattern: string): (database: string, table: string) => boolean {
  const names = parseTableId(pattern);
  const [database, table] = [Array.from(names.database), Array.from(names.table)];
  return (databaseName, tableName) => fits(database, databaseName) && fits(table, tableName);
}

/**
 * Whether a text is what the pattern means, in at most as many steps as both lengths multiplied: only the last `*` is ever gone back
 * to. A regular expression with a few dozen of them would not end, and patterns come from outside too.
 */
function fits(pattern: readonly string[], name: string): boolean {
  const text = Array.from(name);
  let [at, star, starAt] = [0, -1, 0];
  for (let place = 0; place < text.length;) {
    if (pattern[at] === '*') {
      star = at++;
      starAt = place;
    } else if (pattern[at] === '?' || pattern[at] === text[place]) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++starAt;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
