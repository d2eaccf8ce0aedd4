import { quoteName, type Dialect } from './dialect.ts';
import { rowStatement } from './row-statements.ts';
import type { ModelTable } from './table-model.ts';

/** A statement of its own or a transaction, from its first statement to its last. */
export function transaction(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random, ingredients } = dialect;
  if (random.chance(0.3)) return [rowStatement(dialect, tables)];
  const body = Array.from({ length: random.integer(1, 5) }, () => rowStatement(dialect, tables));
  if (ingredients.has('savepoints') && random.chance(0.3)) addSavepoint(dialect, body);
  if (ingredients.has('temporary tables') && random.chance(0.2)) addTemporary(dialect, tables, body);
  if (ingredients.has('xa') && random.chance(0.1)) return xa(dialect, body);
  const isGivenUp = ingredients.has('rollbacks') && random.chance(0.2);
  return [
    random.pick(['BEGIN', 'START TRANSACTION', 'SET autocommit = 0']),
    ...body,
    isGivenUp ? 'ROLLBACK' : 'COMMIT',
    'SET autocommit = 1',
  ];
}

/** What lies between the savepoint and the way back to it has not happened. */
function addSavepoint(dialect: Dialect, body: string[]): void {
  const { random } = dialect;
  const name = quoteName(dialect, random.pick(['s', 'S', 'a b', "s'1", 'ü']));
  const from = random.integer(0, body.length - 1);
  const end = random.pick([
    `ROLLBACK TO ${name}`,
    `ROLLBACK TO SAVEPOINT ${name}`,
    `RELEASE SAVEPOINT ${name}`,
  ]);
  body.splice(random.integer(from, body.length), 0, end);
  body.splice(from, 0, `SAVEPOINT ${name}`);
}

/** One that hides a real table, or stands beside them; a few deeds with it, and its end. */
function addTemporary(dialect: Dialect, tables: readonly ModelTable[], body: string[]): void {
  const { random } = dialect;
  const hidden = random.chance(0.4) ? random.pick(tables).name : undefined;
  const name = quoteName(dialect, hidden ?? 'work');
  const deeds = [
    `INSERT INTO ${name} VALUES (1, 'x'), (2, 'y')`,
    `UPDATE ${name} SET v = 'z' WHERE id = 1`,
    `TRUNCATE TABLE ${name}`,
    `ALTER TABLE ${name} ADD COLUMN more INT`,
    `DELETE FROM ${name}`,
    `CREATE INDEX i ON ${name} (v)`,
  ];
  const chosen = Array.from({ length: random.integer(1, 3) }, () => random.pick(deeds));
  const made = `CREATE TEMPORARY TABLE ${name} (id INT, v VARCHAR(20))`;
  const gone = random.chance(0.8) ? [`DROP TEMPORARY TABLE ${name}`] : [];
  if (hidden !== undefined && gone.length === 0) dialect.hidden.add(hidden);
  body.splice(random.integer(0, body.length), 0, made, ...chosen, ...gone);
}

/** MySQL's replica stops at one that was logged as statements which changed no row: ER_XA_REPLICATION_FILTERS. */
function xa({ random, flavour }: Dialect, body: readonly string[]): string[] {
  const id = `'x${random.integer(1, 2 ** 31)}'`;
  const rows = body.filter((sql) => /^(INSERT|UPDATE|DELETE|REPLACE)/.test(sql));
  const format = flavour === 'mysql' ? ['SET SESSION binlog_format = ROW'] : [];
  const head = [...format, `XA START ${id}`, ...rows, `XA END ${id}`];
  if (random.chance(0.4)) return [...head, `XA COMMIT ${id} ONE PHASE`];
  return [...head, `XA PREPARE ${id}`, `XA ${random.chance(0.7) ? 'COMMIT' : 'ROLLBACK'} ${id}`];
}
