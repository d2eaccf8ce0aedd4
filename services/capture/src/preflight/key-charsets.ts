import { tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';

/** Character sets with codes that become the same character in UTF-8, or a question mark because they have none there. */
const SHARING = /^(?:big5|cp932|eucjpms|euckr|gb2312|gbk|sjis|ujis)$/u;

/** Keys are texts in UTF-8: two rows whose keys are other bytes, and the same text, are one row to every store. */
export function sharedKeyTexts(config: SluiceConfig, tables: readonly TableDescription[]): readonly string[] {
  return tables.flatMap((table) => {
    const id = tableId(table.database, table.table);
    const key = config.source.keys[id] ?? table.primaryKey;
    return table.columns
      .filter(({ COLUMN_NAME: name, CHARACTER_SET_NAME: charset }) => {
        return key.includes(name) && SHARING.test(charset ?? '');
      })
      .map(
        ({ COLUMN_NAME: name, CHARACTER_SET_NAME: charset }) =>
          `the key column ${name} of ${id} is of ${charset ?? ''}, in which several codes are the same character, or none: rows whose keys differ in those alone are one row in the stores; convert the column to utf8mb4`,
      );
  });
}
