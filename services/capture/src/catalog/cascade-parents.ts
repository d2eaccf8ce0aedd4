import { createHash } from 'node:crypto';
import { tableIdOf, type TableName } from '@sluice/envelope';
import type { CascadingKey } from './cascading-keys.ts';

/** Captured tables, as `database.table`, that get other rows when rows of a table go or change. */
export interface CascadeParent {
  readonly onDelete: readonly string[];
  readonly onUpdate: readonly UpdateEffect[];
}

export interface UpdateEffect {
  /** A change of any of them cascades. */
  readonly columns: readonly string[];
  readonly tables: readonly string[];
}

/** By `database.table` the tables, captured or not, whose changes cascade to captured ones, however many keys away. */
export function cascadeParents(
  keys: readonly CascadingKey[],
  isCaptured: (table: TableName) => boolean,
): ReadonlyMap<string, CascadeParent> {
  const byParent = Map.groupBy(keys, ({ parent }) => tableIdOf(parent));
  const captured = new Set(
    keys.filter(({ child }) => isCaptured(child)).map(({ child }) => tableIdOf(child)),
  );
  const reached = (parent: string, columns: readonly string[] | null): string[] =>
    [...reach(byParent, parent, columns)].filter((id) => captured.has(id));
  const parents = [...byParent].map(([id, own]): [string, CascadeParent] => {
    const updates = own.filter(({ onUpdate }) => onUpdate !== null);
    const onUpdate = updates.map(({ referenced }) => ({
      columns: referenced,
      tables: reached(id, referenced),
    }));
    return [
      id,
      { onDelete: reached(id, null), onUpdate: onUpdate.filter(({ tables }) => tables.length > 0) },
    ];
  });
  return new Map(parents.filter(([, { onDelete, onUpdate }]) => onDelete.length + onUpdate.length > 0));
}

/** @param columns of the parent that change; null: its rows go */
function reach(
  byParent: ReadonlyMap<string, readonly CascadingKey[]>,
  parent: string,
  columns: readonly string[] | null,
): ReadonlySet<string> {
  const found = new Set<string>();
  const steps = new Map([[stepId(parent, columns), { id: parent, columns }]]);
  // A walk through a map comes to what is added meanwhile.
  for (const step of steps.values()) {
    for (const key of byParent.get(step.id) ?? []) {
      const action = actionOn(key, step.columns);
      if (action === null) continue;
      const child = tableIdOf(key.child);
      const changed = step.columns === null && action === 'CASCADE' ? null : key.columns;
      found.add(child);
      steps.set(stepId(child, changed), { id: child, columns: changed });
    }
  }
  return found;
}

function actionOn(
  { referenced, onDelete, onUpdate }: CascadingKey,
  columns: readonly string[] | null,
): CascadingKey['onDelete'] {
  if (columns === null) return onDelete;
  return referenced.some((name) => columns.includes(name)) ? onUpdate : null;
}

/**
 * By captured table, as `database.table`, what tells whether the changes that cascade to it are the same as before: short,
 * because a checkpoint holds it.
 */
export function cascadeDigests(
  parents: ReadonlyMap<string, CascadeParent>,
): Readonly<Record<string, string>> {
  const causes = [...parents].flatMap(([parent, { onDelete, onUpdate }]) => [
    ...onDelete.map((id) => ({ id, cause: `${parent} deleted` })),
    ...onUpdate.flatMap(({ columns, tables }) =>
      tables.map((id) => ({ id, cause: `${parent} updated ${JSON.stringify(columns)}` })),
    ),
  ]);
  const byChild = Map.groupBy(causes, ({ id }) => id);
  return Object.fromEntries([...byChild].map(([id, found]) => [id, digest(found.map(({ cause }) => cause))]));
}

/** Captured tables to which more may cascade than is known: what changes one of their parents is not seen. */
export function unfollowed(
  keys: readonly CascadingKey[],
  isCaptured: (table: TableName) => boolean,
  isVisible: (id: string) => boolean,
): readonly string[] {
  const doubtful = new Set(keys.map(({ parent }) => tableIdOf(parent)).filter((id) => !isVisible(id)));
  for (const id of doubtful)
    for (const { child, parent } of keys) if (tableIdOf(parent) === id) doubtful.add(tableIdOf(child));
  return childrenOf(keys, isCaptured).filter((id) => doubtful.has(id));
}

/** Captured tables that such keys change, as `database.table`, sorted. */
export function childrenOf(
  keys: readonly CascadingKey[],
  isCaptured: (table: TableName) => boolean,
): readonly string[] {
  const children = keys.map(({ child }) => child).filter(isCaptured);
  return [...new Set(children.map(tableIdOf))].sort();
}

function digest(causes: readonly string[]): string {
  return createHash('sha256').update(causes.toSorted().join('\n')).digest('base64url').slice(0, 16);
}

function stepId(id: string, columns: readonly string[] | null): string {
  return `${id} ${JSON.stringify(columns)}`;
}
