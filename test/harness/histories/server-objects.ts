import { quoteName, type Dialect } from './dialect.ts';
import type { Ingredient } from './ingredients.ts';
import { insert, rowStatement } from './row-statements.ts';
import type { ModelTable } from './table-model.ts';

type MakeStatements = (dialect: Dialect, tables: readonly ModelTable[]) => string[];

const MAKERS: readonly (readonly [Ingredient, MakeStatements])[] = [
  ['views', view],
  ['routines', procedure],
  ['routines', storedFunction],
  ['events', scheduled],
  ['sequences', sequence],
];

/** Statements about something that is no table, in their order, from its making to its end; none when chance finds nothing. */
export function objectStatements(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const makers = MAKERS.filter(([ingredient]) => dialect.ingredients.has(ingredient));
  if (makers.length === 0) return [];
  return dialect.random.pick(makers)[1](dialect, tables);
}

/** Rows are written through it; it stands beside tables that have its name later. */
function view(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random } = dialect;
  const table = random.pick(tables);
  const name = random.pick(['v', 'v w', 'ü v']);
  const [quoted, on] = [quoteName(dialect, name), quoteName(dialect, table.name)];
  const check = random.chance(0.3) ? ' WHERE 1 WITH CHECK OPTION' : '';
  return [
    `CREATE OR REPLACE VIEW ${quoted} AS SELECT * FROM ${on}${check}`,
    rowStatement(dialect, [{ ...table, name }]),
    insert(dialect, { ...table, name }),
    ...(random.chance(0.3) ? [`ALTER VIEW ${quoted} AS SELECT * FROM ${on} WHERE 1`] : []),
    ...(random.chance(0.8) ? [`DROP VIEW IF EXISTS ${quoted}`] : []),
  ];
}

function procedure(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random } = dialect;
  const name = quoteName(dialect, random.pick(['p', 'p q', "p'r"]));
  const body = Array.from({ length: random.integer(1, 3) }, () => rowStatement(dialect, tables));
  const handler = random.chance(0.3) ? 'DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; ' : '';
  const inside = random.chance(0.3)
    ? `START TRANSACTION; ${body.join('; ')}; ${random.chance(0.3) ? 'ROLLBACK' : 'COMMIT'}`
    : body.join('; ');
  return [
    `DROP PROCEDURE IF EXISTS ${name}`,
    `CREATE PROCEDURE ${name}() BEGIN ${handler}${inside}; END`,
    `CALL ${name}()`,
    ...(random.chance(0.7) ? [`DROP PROCEDURE ${name}`] : []),
  ];
}

/** A SELECT that writes rows, or writes them into two tables at once. */
function storedFunction(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random } = dialect;
  const name = quoteName(dialect, random.pick(['f', 'f g']));
  const table = random.pick(tables);
  const plain = table.columns.find(({ name: column }) => !table.key.includes(column));
  const call =
    plain === undefined || random.chance(0.6)
      ? `SELECT ${name}()`
      : `UPDATE ${quoteName(dialect, table.name)} SET ${quoteName(dialect, plain.name)} = ${name}()`;
  return [
    `DROP FUNCTION IF EXISTS ${name}`,
    `CREATE FUNCTION ${name}() RETURNS INT DETERMINISTIC BEGIN ${rowStatement(dialect, tables)}; RETURN 1; END`,
    call,
  ];
}

/** It never runs: that would be behind the statements that are waited for. */
function scheduled(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random } = dialect;
  const name = quoteName(dialect, random.pick(['e', 'e f']));
  const body = rowStatement(dialect, tables);
  return [
    `DROP EVENT IF EXISTS ${name}`,
    `CREATE EVENT ${name} ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO BEGIN ${body}; END`,
    random.pick([
      `ALTER EVENT ${name} DISABLE`,
      `ALTER EVENT ${name} RENAME TO ${quoteName(dialect, 'e g')}`,
    ]),
  ];
}

/** MariaDB keeps it as a table of one row, and writes that row into the binlog. */
function sequence(dialect: Dialect, tables: readonly ModelTable[]): string[] {
  const { random, flavour } = dialect;
  if (flavour === 'mysql') return [];
  const name = quoteName(dialect, random.pick(['s', 's t']));
  const withId = tables.filter(({ key }) => key.length === 1 && key[0] === 'id');
  const into = withId.length === 0 ? undefined : quoteName(dialect, random.pick(withId).name);
  return [
    `CREATE OR REPLACE SEQUENCE ${name} START WITH ${random.integer(1, 9)} CACHE ${random.integer(0, 3)}`,
    ...(into === undefined ? [] : [`INSERT IGNORE INTO ${into} (id) VALUES (NEXTVAL(${name}))`]),
    random.pick([
      `SELECT NEXTVAL(${name})`,
      `SELECT SETVAL(${name}, 50)`,
      `ALTER SEQUENCE ${name} RESTART 3`,
    ]),
    ...(random.chance(0.7) ? [`DROP SEQUENCE ${name}`] : []),
  ];
}
