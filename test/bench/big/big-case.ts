import type { MysqlServer } from '@sluice/local-stack';
import type { Admin, Kafka } from 'kafkajs';
import { CapturePipeline } from '../../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../../harness/eventually.ts';
import type { ServiceProcess } from '../../harness/processes/service-process.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import { isRow } from '../../harness/records/table-records.ts';
import { decodeEnvelope, type RowEnvelope } from '@sluice/envelope';
import { PeakMemory } from './peak-memory.ts';

type Section = Readonly<Record<string, unknown>>;
export type RowPayload = RowEnvelope['payload'];

/** Something big that capture must bring into Kafka in bounded memory. */
export interface BigCase {
  readonly name: string;
  readonly about: string;
  /** The most that capture may have resident, MiB. */
  readonly boundMebibytes: number;
  readonly sections: Readonly<Record<string, Section>>;
  /** Tables whose first snapshot is waited for. */
  readonly tables: readonly string[];
  /** Before capture starts: tables, and rows for the snapshot. */
  prepare(database: SourceDatabase): Promise<void>;
  /** Writes while capture streams; returns how many rows each table's topic must hold in the end, snapshot included. */
  write(database: SourceDatabase): Promise<ReadonlyMap<string, number>>;
  /** Looks at every row of a topic. Throws what is wrong. */
  check(row: RowPayload): void;
}

export interface BigResult {
  readonly rows: number;
  /** From the start of the writes until the last row was in its topic. */
  readonly seconds: number;
  /** The most that capture had resident, MiB (VmHWM, proc(5)). */
  readonly peakMebibytes: number;
}

export interface BigStage {
  readonly server: MysqlServer;
  readonly brokers: readonly string[];
  readonly kafka: Kafka;
}

const TIMEOUT_MS = 600_000;

/** Throws when a row is missing, twice there or wrong, or when capture ends. */
export async function runBigCase({ server, brokers, kafka }: BigStage, big: BigCase): Promise<BigResult> {
  await using scope = new AsyncDisposableStack();
  const admin = kafka.admin();
  await admin.connect();
  scope.defer(() => admin.disconnect());
  const database = await SourceDatabase.create(scope, server, 'big');
  await big.prepare(database);
  const pipeline = await CapturePipeline.create(scope, { database, brokers, sections: big.sections });
  const capture = pipeline.launch();
  const memory = new PeakMemory(capture.pid);
  await capture.ready(TIMEOUT_MS);
  await pipeline.snapshotDone(capture, big.tables, TIMEOUT_MS);
  const begun = performance.now();
  const expected = await big.write(database);
  for (const [table, rows] of expected) await longEnough(pipeline, admin, capture, { table, rows });
  const seconds = (performance.now() - begun) / 1000;
  for (const [table, rows] of expected) await checkTopic(pipeline, big, { table, rows });
  const peakMebibytes = memory.stop();
  await capture.stop();
  const rows = [...expected.values()].reduce((sum, count) => sum + count, 0);
  return { rows, seconds, peakMebibytes };
}

/** Offsets count marks and markers too: what is long enough may still lack its last rows. */
async function longEnough(
  pipeline: CapturePipeline,
  admin: Admin,
  capture: ServiceProcess,
  { table, rows }: { readonly table: string; readonly rows: number },
): Promise<void> {
  const look = async (): Promise<boolean | 'ended'> => {
    if (!capture.isRunning) return 'ended';
    const offsets = await admin.fetchTopicOffsets(pipeline.topic(table));
    return offsets.reduce((sum, { offset }) => sum + Number(offset), 0) >= rows;
  };
  const answer = await eventually(`${rows} rows in ${table}`, look, { timeoutMs: TIMEOUT_MS });
  if (answer === 'ended') throw new Error(`capture ended:\n${capture.lastLines()}`);
}

async function checkTopic(
  pipeline: CapturePipeline,
  big: BigCase,
  { table, rows }: { readonly table: string; readonly rows: number },
): Promise<void> {
  const read = async (): Promise<Set<string> | false> => {
    const changes = new Set<string>();
    await pipeline.reader.readTopic(pipeline.topic(table), {}, ({ key, value }) => {
      const envelope = value === null ? null : decodeEnvelope(value);
      if (envelope === null || !isRow(envelope)) return;
      big.check(envelope.payload);
      changes.add(`${key?.toString('utf8')} ${envelope.payload.operation}`);
    });
    return changes.size >= rows && changes;
  };
  const found = await eventually(`each of ${rows} rows in ${table}`, read, { timeoutMs: TIMEOUT_MS });
  if (found.size !== rows) throw new Error(`${table}: ${found.size} changes instead of ${rows}`);
}
