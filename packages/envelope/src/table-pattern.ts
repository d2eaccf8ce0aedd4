import { parseTableId } from './table-id.ts';

const QUOTED_ID = /^(?:`(?:[^`]|``)+`|[^.`]+)\.(?:`(?:[^`]|``)+`|[^.`]+)$/u;

/**
 * Which tables a pattern means: `*` is any text, `?` one character, everything else is itself. It is held against the pair of
 * names, so that `d.*` means tables of `d` alone and none of a database `d.b`: only a wildcard fits a dot within a name.
 *
 * @param pattern `database.table`; a name may be quoted by backticks, as `tableId` does
 */
export function tablePattern(pattern: string): (database: string, table: string) => boolean {
  const [database, table] = partsOf(pattern).map(glob) as [RegExp, RegExp];
  return (databaseName, tableName) => database.test(databaseName) && table.test(tableName);
}

function partsOf(pattern: string): readonly string[] {
  if (QUOTED_ID.test(pattern)) return parseTableId(pattern);
  const dot = pattern.indexOf('.');
  return [pattern.slice(0, Math.max(dot, 0)), pattern.slice(dot + 1)];
}

function glob(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}
