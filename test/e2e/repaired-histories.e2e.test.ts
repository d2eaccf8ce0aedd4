import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compareReportSchema } from '@sluice/compare';
import { startStack } from '@sluice/local-stack';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { afterAll, expect, test } from 'vitest';
import { SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope } from '../harness/scope.ts';
import { testSize } from '../harness/test-size.ts';
import { LANE_COLUMNS, LANE_IDS, playLane } from '../harness/workloads/lane-history.ts';
import { damageOne } from '../harness/workloads/store-damage.ts';

/**
 * Random histories while somebody changes rows in the stores, and `compare`, `repair` and its undo run all the time: when it is
 * over, one comparison and repair more leaves all stores equal. `npm run test:repaired`: a thousand of them.
 */
const HISTORIES = testSize('SLUICE_REPAIRED_HISTORIES', 0);
const LANES = Math.min(HISTORIES, 50);
const CHANGES = 12;
const TABLES = ['a', 'b', 'c', 'd'];
const UNDONE = 0.3;
const DAMAGE_MS = 150;
/** Where a row gave way to one with its unique value, the next comparison finds it. */
const ROUNDS_TO_END = 4;
const ROUND_MS = 300_000;

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Totals {
  repairs: number;
  differences: number;
  undone: number;
}

test.skipIf(HISTORIES === 0)(
  `${HISTORIES} histories with damage, compare and repair in between end equal`,
  { timeout: 120_000 + Math.ceil(HISTORIES / LANES) * ROUND_MS },
  async () => {
    const seed = announceSeed('repaired histories');
    const scope = testScope();
    const pipeline = await SinkPipeline.withTables(
      scope,
      stack,
      'repaired',
      TABLES.map((table) => `CREATE TABLE ${table} (${LANE_COLUMNS})`),
    );
    pipeline.configure({ ddl: { truncate: 'apply' } });
    const [capture] = await pipeline.start('capture', ...SINK_SERVICES);
    const { configFile } = capture ?? { configFile: '' };
    const folder = await newFolder(scope);
    const totals: Totals = { repairs: 0, differences: 0, undone: 0 };
    const connections = await Promise.all(Array.from({ length: LANES }, () => pipeline.database.connect()));
    // Tables are there before they are damaged.
    await playAll(seed, 0);
    await pipeline.converged(TABLES);
    for (let done = LANES, round = 1; done < HISTORIES; done += LANES, round += 1) await playRound(round);
    await playRound(0);
    process.stdout.write(`repaired histories: ${HISTORIES}, ${JSON.stringify(totals)}\n`);
    expect(totals.repairs).toBeGreaterThan(0);

    async function playRound(round: number): Promise<void> {
      const random = new SeededRandom(seed + 7919 * (round + 1));
      const over = new AbortController();
      const work = [damageUntil(over.signal, random), mend(over.signal, round, random)];
      await Promise.race([playAll(seed + 104_729 * (round + 1), round), Promise.all(work)]).finally(() =>
        over.abort(),
      );
      await Promise.all(work);
      await untilEqual(round);
      await pipeline.converged(TABLES);
    }

    async function playAll(from: number, round: number): Promise<void> {
      await Promise.all(
        connections.map((connection, lane) =>
          playLane(connection, new SeededRandom(from + lane), {
            table: TABLES[(lane + round) % TABLES.length] ?? '',
            lane,
            changes: CHANGES,
          }),
        ),
      );
    }

    async function damageUntil(signal: AbortSignal, random: SeededRandom): Promise<void> {
      while (!signal.aborted) {
        await damageOne(pipeline, random, { tables: TABLES, ids: LANES * LANE_IDS });
        await delay(DAMAGE_MS);
      }
    }

    /** Once at least, as long as the histories last. */
    async function mend(signal: AbortSignal, round: number, random: SeededRandom): Promise<void> {
      for (let turn = 0; turn === 0 || !signal.aborted; turn += 1) {
        const undo = await repairAll(`${round}-${turn}`);
        if (undo === null || !random.chance(UNDONE)) continue;
        await sluice(configFile, `repair --undo-from ${undo} --apply`);
        totals.undone += 1;
      }
    }

    /** Nobody damages anything any more. */
    async function untilEqual(round: number): Promise<void> {
      for (let turn = 0; turn < ROUNDS_TO_END; turn += 1)
        if ((await repairAll(`${round}-end-${turn}`)) === null) return;
      const { document } = await sluice(configFile, 'compare');
      expect(compareReportSchema.parse(document)).toMatchObject({ result: 'equal', differences: [] });
    }

    /** The undo file; null when nothing differed. */
    async function repairAll(name: string): Promise<string | null> {
      const [report, undo] = [join(folder, `${name}.json`), join(folder, `${name}.ndjson`)];
      const { document, said } = await sluice(configFile, `compare --output-file ${report}`);
      if (document === null) throw new Error(said);
      const { differences } = compareReportSchema.parse(document);
      if (differences.length === 0) return null;
      const repaired = await sluice(configFile, `repair --report ${report} --apply --undo ${undo}`);
      if (repaired.document === null) throw new Error(repaired.said);
      totals.repairs += 1;
      totals.differences += differences.length;
      return undo;
    }
  },
);
