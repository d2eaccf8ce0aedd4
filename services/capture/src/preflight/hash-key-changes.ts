import { tableIdOf, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { HashKey } from '../model/hash-key.ts';

/** What has become of the key that a table's values were hashed by. */
export type KeyChange = 'none' | 'rotated' | 'unknown';

/** `unknown`: it is no key of the ring, so nobody has said that it is replaced. */
export function keyChangeOf(registry: TableRegistry, key: HashKey | null, name: TableName): KeyChange {
  const before = registry.hashedBy(name);
  if (before === null || key === null || before === key.id) return 'none';
  return key.olderIds.has(before) ? 'rotated' : 'unknown';
}

/**
 * Values by two keys are no longer equal where they were: an operator has to want it, by putting the new key in front of the old one or by
 * `--accept hash-key`. Throws CONFIG_CHANGED.
 */
export function refuseUnknownKeys(
  registry: TableRegistry,
  key: HashKey | null,
  tables: readonly TableName[],
): void {
  const changed = tables.filter((table) => keyChangeOf(registry, key, table) === 'unknown');
  if (changed.length === 0 || key === null) return;
  const ids = [...new Set(changed.map((table) => registry.hashedBy(table) ?? ''))];
  throw new PipelineError(
    'CONFIG_CHANGED',
    `Values of ${changed.map(tableIdOf).join(', ')} were hashed by key ${ids.join(', ')}, which is not in capture.hashKeyFile; its newest is ${key.id}. ` +
      'Fix: mount the file that has it, or start capture once by `sluice capture --accept hash-key`: it publishes the rows of these tables again, hashed by the new key.',
    { context: { tables: changed.length } },
  );
}
