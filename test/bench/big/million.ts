import type { Stack } from '@sluice/local-stack';
import { eventually } from '../../harness/eventually.ts';
import { SinkPipeline, SINK_SERVICES, type PipelineProcess } from '../../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import type { SeededRandom } from '@sluice/seeded-random';
import type { BigResult } from './big-case.ts';
import { MillionWriter } from './million-writer.ts';
import { PeakMemory } from './peak-memory.ts';

const ROWS = 1_000_000;
/** When capture is killed, as shares of the rows. */
const KILLS = [0.3, 0.7];
const TIMEOUT_MS = 900_000;
const CREATE =
  'CREATE TABLE items (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, version INT NOT NULL, note VARCHAR(100))';

export interface MillionResult extends BigResult {
  /** Row changes that were committed meanwhile. */
  readonly written: number;
  readonly kills: number;
  /** Rows that each sink was compared in. */
  readonly compared: number;
}

/** The first snapshot of a million rows that are written all the time, capture killed twice; every store equals the source in the end. */
export async function runMillion(
  stack: Stack,
  source: 'mysql' | 'mariadb',
  random: SeededRandom,
): Promise<MillionResult> {
  await using scope = new AsyncDisposableStack();
  const database = await SourceDatabase.create(scope, stack[source], 'million');
  await fill(database);
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  const sinks = await pipeline.start(...SINK_SERVICES);
  const writer = new MillionWriter(database, random, ROWS);
  const begun = performance.now();
  const peaks: number[] = [];
  let capture = await launch(pipeline);
  for (const share of KILLS) {
    await rowsRead(capture.service, share * ROWS);
    peaks.push(capture.memory.stop());
    await capture.service.process.kill();
    capture = await launch(pipeline);
  }
  await rowsRead(capture.service, Number.POSITIVE_INFINITY);
  const seconds = (performance.now() - begun) / 1000;
  await writer.stop();
  const { rows } = await pipeline.converged(['items'], TIMEOUT_MS);
  peaks.push(capture.memory.stop());
  await Promise.all([capture.service, ...sinks].map(({ process }) => process.stop()));
  const [count] = await database.rows('SELECT COUNT(*) AS n FROM items');
  if (Number(count?.['n']) !== rows) throw new Error(`compared ${rows} rows of ${String(count?.['n'])}`);
  const { written } = writer;
  return {
    rows: ROWS,
    seconds,
    peakMebibytes: Math.max(...peaks),
    written,
    kills: KILLS.length,
    compared: rows,
  };
}

async function fill(database: SourceDatabase): Promise<void> {
  await database.run(CREATE, "INSERT INTO items (version, note) VALUES (1, 'a row of a million')");
  for (let rows = 1; rows < ROWS; rows *= 2) {
    await database.run(`INSERT INTO items (version, note) SELECT 1, note FROM items LIMIT ${ROWS - rows}`);
  }
}

interface Watched {
  readonly service: PipelineProcess;
  readonly memory: PeakMemory;
}

async function launch(pipeline: SinkPipeline): Promise<Watched> {
  const service = await pipeline.launch('capture');
  const memory = new PeakMemory(service.process.pid);
  await service.process.ready(TIMEOUT_MS);
  return { service, memory };
}

/** Waits until this many rows of the snapshot have been read, or all of them. */
async function rowsRead({ process }: PipelineProcess, rows: number): Promise<void> {
  const look = async (): Promise<boolean | 'ended'> => {
    if (!process.isRunning) return 'ended';
    const { snapshot } = (await process.status()) as {
      snapshot: Record<string, { state: string; rows: number }>;
    };
    const [job] = Object.values(snapshot);
    return job !== undefined && (job.state === 'done' || job.rows >= rows);
  };
  const answer = await eventually(`${rows} rows of the snapshot`, look, { timeoutMs: TIMEOUT_MS });
  if (answer === 'ended') throw new Error(`capture ended:\n${process.lastLines()}`);
}
