import { parseTableId } from './table-name.ts';

/**
 * Which tables a pattern means: `*` is any text, `?` one character, everything else is itself. It is held against the pair of
 * names, so that `d.*` means tables of `d` alone and none of a database `d.b`: only a wildcard fits a dot within a name.
 *
 * @param pattern `database.table`; a name may be quoted by backticks, as `tableId` does
 */
export function tablePattern(pattern: string): (database: string, table: string) => boolean {
  const names = parseTableId(pattern);
  const [database, table] = [glob(names.database), glob(names.table)];
  return (databaseName, tableName) => database.test(databaseName) && table.test(tableName);
}

function glob(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}
