import { setTimeout as delay } from 'node:timers/promises';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { readGaps, writeSteadily } from '../harness/records/change-gaps.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import type { LogLine, ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** An ALTER of one table makes that one be read again, and holds up no change of another. */

const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

const PER_SECOND = 500;
/** How much longer the longest gap may be than it is without an ALTER. */
const LONGEST_MS = 200;
/** A machine that does other things too stands still now and then: the same ALTER is not always unlucky. */
const TRIES = 4;
const ROWS = 2000;
const QUIET_MS = 500;

/** By what they do to the rows; each can be run again with another number. */
const ALTERS: readonly ((n: number) => string)[] = [
  (n) => `ADD COLUMN extra${n} INT NOT NULL DEFAULT 7`,
  (n) => `MODIFY v VARCHAR(${300 + n})`,
  (n) => `RENAME COLUMN w${n} TO w${n + 1}`,
  (n) => `DROP COLUMN gone${n}`,
  (n) => `DROP PRIMARY KEY, ADD PRIMARY KEY (${n % 2 === 0 ? 'id, k' : 'k, id'})`,
  (n) => `CONVERT TO CHARACTER SET ${n % 2 === 0 ? 'latin1' : 'utf8mb4'}`,
];

test('the longest gap between two changes of another table, by ALTER', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'gaps');
  await database.run(
    'CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY)',
    `CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, k INT NOT NULL DEFAULT 1, v VARCHAR(100), w0 INT DEFAULT 3,
      gone0 INT, gone1 INT, gone2 INT, gone3 INT)`,
    `INSERT INTO orders (id, v) VALUES ${Array.from({ length: ROWS }, (_, id) => `(${id}, 'row ${id}')`).join(',')}`,
  );
  const pipeline = await CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['orders', 'ticks']);
  const commits = await writeSteadily(scope, database, 'ticks', PER_SECOND);
  const changes = await readGaps(scope, stack.kafka.brokers, pipeline.topic('ticks'));
  await eventually('changes to arrive', () => changes.count > PER_SECOND);
  let snapshots = 1;
  for (const alter of ALTERS) {
    let more = Infinity;
    for (let n = 0; n < TRIES && more >= LONGEST_MS; n++) {
      await delay(QUIET_MS);
      const quiet = changes.take();
      commits.take();
      await database.run(`ALTER TABLE orders ${alter(n)}`);
      await snapshotEnds(capture, `${database.name}.orders`, ++snapshots);
      const longest = changes.take();
      more = longest - quiet;
      process.stderr.write(
        `${alter(n)}: ${longest} ms, without it ${quiet} ms; between commits ${commits.take()} ms\n`,
      );
    }
    expect(more).toBeLessThan(LONGEST_MS);
  }
  // One life from the beginning to the end, and the rows as they are now.
  expect(capture.log.filter(({ event }) => event === 'capture.starting')).toHaveLength(1);
  const [newest] = await database.rows('SELECT * FROM orders WHERE id = 7');
  const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
  expect(rows.findLast(({ payload }) => payload.after?.['id'] === 7)?.payload.after).toEqual({ ...newest });
  expect(await capture.stop()).toMatchObject({ code: 0 });
}, 90_000);

/** Waits until the altered table has been read so many times. */
async function snapshotEnds(capture: ServiceProcess, table: string, count: number): Promise<void> {
  const isEnd = (line: LogLine & { table?: string }): boolean =>
    line.event === 'snapshot.table_done' && line.table === table;
  await eventually(`${count} snapshots`, () => capture.log.filter(isEnd).length >= count);
}
