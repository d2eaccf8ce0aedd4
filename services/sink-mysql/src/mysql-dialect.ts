import { quoteIdentifier, quoteTable, quote } from '@sluice/mysql';
import type { ColumnUpdate, SqlDialect } from '@sluice/sql-sink';

const NOW = 'CURRENT_TIMESTAMP(6)';

/** MySQL's and MariaDB's pieces of the statements that every SQL store runs. */
export const mysqlDialect: SqlDialect = {
  now: NOW,
  forUpdate: ' FOR UPDATE',
  fromSeconds: 'FROM_UNIXTIME(?)',
  identifier: quoteIdentifier,
  table: quoteTable,
  text: quote,
  bytes: (hex) => `x'${hex}'`,
  hex: (column) => `LOWER(HEX(${column}))`,
  onConflict: (_, [anyKey = ''], updates) => {
    const changes = Object.entries(updates).map(
      ([column, update]) => `${column} = ${updated(column, update)}`,
    );
    return ` ON DUPLICATE KEY UPDATE ${changes.join(', ') || `${anyKey} = ${anyKey}`}`;
  },
  deleteSome: (table, condition, limit) => `DELETE FROM ${table} WHERE ${condition} LIMIT ${limit}`,
};

function updated(column: string, update: ColumnUpdate): string {
  if (update === 'now') return NOW;
  // As the column's type; beside a text the server would compare as doubles, which have no 19 digits.
  return update === 'given' ? `VALUES(${column})` : `GREATEST(${column}, VALUES(${column}))`;
}
