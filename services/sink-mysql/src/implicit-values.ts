import { typeName } from '@sluice/mysql';

const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit|year)$/;
const TEXTS = /^((tiny|medium|long)?(text|blob)|(var)?(char|binary)|set)$/;

const OTHERS: Readonly<Record<string, string>> = {
  date: "'0000-00-00'",
  datetime: "'0000-00-00 00:00:00'",
  timestamp: "'0000-00-00 00:00:00'",
  time: "'00:00:00'",
  // By number: the first member.
  enum: '1',
  json: "'null'",
  uuid: "'00000000-0000-0000-0000-000000000000'",
  inet4: "'0.0.0.0'",
  inet6: "'::'",
};

/**
 * What a server puts into a NOT NULL column without a default when it adds it to rows that are there (MySQL manual, "Data
 * Type Default Values"), as a SQL literal; null for a type that it refuses to add so. `sqlType` as information_schema has it.
 */
export function implicitValue(sqlType: string): string | null {
  const name = typeName(sqlType);
  if (NUMBERS.test(name)) return '0';
  if (TEXTS.test(name)) return "''";
  return OTHERS[name] ?? null;
}
