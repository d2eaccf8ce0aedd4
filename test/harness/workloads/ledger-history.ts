import { checkpointsTopic } from '@sluice/envelope';
import { expect } from 'vitest';
import type { CapturePipeline } from '../pipelines/capture-pipeline.ts';
import type { LedgerTotals } from './ledger-writer.ts';
import { compareBags, duplicateSequences, followKeys, SAME } from '../records/row-history.ts';
import { readSettledRows, type RowRecord } from '../records/table-records.ts';

type Captured = Pick<CapturePipeline, 'name' | 'database' | 'reader' | 'topic'>;

/**
 * Each change of the ledger is in its topic, once and in order, and no checkpoint has gone back.
 * @param totals what the workload has written
 */
export async function expectExactlyOnce(pipeline: Captured, totals: LedgerTotals): Promise<void> {
  const { database, reader } = pipeline;
  const markers = await readSettledRows(reader, pipeline.topic('marker'));
  const ledger = await readSettledRows(reader, pipeline.topic('ledger'));
  expect(duplicateSequences([...markers, ...ledger])).toEqual([]);

  const written = await database.rows('SELECT id, writer FROM marker');
  const arrived = markers.map(({ payload }) => JSON.stringify(payload.after));
  expect(
    compareBags(
      arrived,
      written.map((row) => JSON.stringify(row)),
    ),
  ).toEqual(SAME);
  expect(arrived.length).toBe(totals.markers);

  const { breaks, alive } = followKeys(ledger);
  expect(breaks).toEqual([]);
  expect(countOperations(ledger)).toEqual({
    INSERT: totals.inserts + totals.keyChanges,
    UPDATE: totals.updates,
    DELETE: totals.deletes + totals.keyChanges,
  });
  const rows = await database.rows('SELECT id, version, writer, body FROM ledger');
  expect(
    compareBags(
      [...alive.values()],
      rows.map((row) => JSON.stringify(row)),
    ),
  ).toEqual(SAME);
  expect(await fallingCheckpoints(pipeline)).toEqual([]);
}

function countOperations(records: readonly RowRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { payload } of records) counts[payload.operation] = (counts[payload.operation] ?? 0) + 1;
  return counts;
}

/** Checkpoints whose highest sequence is below that of the one before. */
async function fallingCheckpoints({ reader, name }: Captured): Promise<string[]> {
  const falling: string[] = [];
  let highest = '';
  await reader.readTopic(checkpointsTopic(name), {}, ({ value }) => {
    const { checkpoint } = JSON.parse(String(value)) as { checkpoint: { highest: string } };
    if (checkpoint.highest < highest) falling.push(`${checkpoint.highest} after ${highest}`);
    highest = checkpoint.highest;
  });
  return falling;
}
