import type { TableName } from '@sluice/envelope';
import type { Statement } from '../../src/ddl/ddl.ts';
import type { TableState } from './statement-log.ts';

type States = ReadonlyMap<string, TableState>;

interface Seen {
  identity: string;
  emptied: boolean;
  altered: boolean;
}

/**
 * Each table by its name, as it is by what was read (`found`) and as the server has it (`expected`): where it came from
 * (`new` for one that was not there), whether it lost its rows, and whether its columns are other.
 */
export function afterStatements(
  before: States,
  after: States,
  statements: readonly Statement[],
): { readonly found: object; readonly expected: object } {
  const model = new Map<string, Seen>();
  for (const [name, { identity }] of before) model.set(name, { identity, emptied: false, altered: false });
  for (const statement of statements) apply(model, statement);
  const known = new Map([...before.values()].map((state) => [state.identity, state]));
  const expected = new Map<string, Seen>();
  for (const [name, { identity, columns, rows }] of after) {
    const was = known.get(identity);
    expected.set(
      name,
      was === undefined
        ? { identity: 'new', emptied: false, altered: false }
        : { identity, emptied: rows === 0 && was.rows > 0, altered: columns !== was.columns },
    );
  }
  return { found: sorted(model), expected: sorted(expected) };
}

function apply(model: Map<string, Seen>, statement: Statement): void {
  if (statement.kind === 'truncate') {
    const table = model.get(nameOf(statement));
    if (table !== undefined) table.emptied = true;
  } else if (statement.kind === 'ddl') {
    const { created, isNew, renamed, dropped, altered } = statement;
    for (const name of dropped) model.delete(nameOf(name));
    for (const { from, to } of renamed) {
      const table = model.get(nameOf(from));
      model.delete(nameOf(from));
      if (table !== undefined) model.set(nameOf(to), table);
    }
    if (created !== null && (isNew || !model.has(nameOf(created))))
      model.set(nameOf(created), { identity: 'new', emptied: false, altered: false });
    for (const name of altered) {
      const table = model.get(nameOf(name));
      if (table !== undefined) table.altered = true;
    }
  }
}

function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}

function sorted(tables: ReadonlyMap<string, Seen>): object {
  return Object.fromEntries([...tables].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
