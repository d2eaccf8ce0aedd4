import { exactMember } from '@sluice/envelope';
import { partitionFor } from '@sluice/kafka';
import type { CapturedTable } from '../model/table.ts';

/**
 * The partition of a row: by its whole record key, as every Kafka client places it, or by the JSON array of the values of
 * `partitionBy`, such as `[42]`, so that equal values of tables with as many partitions are in partitions of one number. Either way a
 * row's key alone decides, and all changes of a row are in one partition.
 */
export function rowPartition(
  { publication: { partitionBy }, partitions }: Pick<CapturedTable, 'publication' | 'partitions'>,
  recordKey: { readonly bytes: Buffer; readonly position: number },
  keyColumns: { readonly bytes: Buffer; readonly position: number },
): number {
  if (partitionBy === null) return partitionFor(recordKey.bytes, 0, recordKey.position, partitions);
  const text = keyColumns.bytes.toString('utf8', 0, keyColumns.position);
  const values = partitionBy.map((column) => exactMember(text, column) ?? missing(column));
  const bytes = Buffer.from(`[${values.join(',')}]`);
  return partitionFor(bytes, 0, bytes.length, partitions);
}

/** Rows would be in another partition than those with their values. */
function missing(column: string): never {
  throw new TypeError(`column ${column} of partitionBy is not in the key`);
}
