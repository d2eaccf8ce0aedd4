import { eventually } from '../eventually.ts';
import { produceRecord } from '../records/kafka-topics.ts';
import type { Scope } from '../scope.ts';
import type { PipelineProcess } from '../pipelines/sink-pipeline.ts';
import { sluice } from '../processes/sluice-command.ts';
import type { GuardedPipeline } from './guarded-pipeline.ts';

/** Where capture makes a dead letter of a row: `topics` for `GuardedPipeline.create`. */
export const SMALL_TOPICS = { maxMessageBytes: 20_000, oversize: 'dead-letter', compression: 'none' };
/** Statements that make the tables of the exercise. */
export const EXERCISE_TABLES = [
  'CREATE TABLE parcels (id INT NOT NULL PRIMARY KEY, body MEDIUMTEXT)',
  "INSERT INTO parcels VALUES (1, 'one')",
];

/** Lines that tell of a right that was missing somewhere. */
export function refusals(output: string): string[] {
  const lines = output.split('\n');
  return lines.filter((line) =>
    /AUTHORIZ|may not Read the group|NOPERM|PRIVILEGE|security_exception|rights_missing/.test(line),
  );
}

/** A topic that may not be seen is none: who reads it waits for it to be made. */
const UNSEEN_MS = 8_000;

/**
 * Everything that capture, the MySQL sink and the command ask of Kafka, one after the other: first start, rows, letters, orders, a second
 * start, decisions, a rewind. Ends at the first refusal. @returns what was refused, or topics that a sink does not see
 */
export async function exercise(
  scope: Scope,
  brokers: readonly string[],
  accounts: GuardedPipeline,
): Promise<string[]> {
  const { pipeline } = accounts;
  const { target, targetDatabase, stateDatabase } = pipeline.stores;
  const work = new Work(accounts);
  const poison = async (id: number): Promise<void> =>
    produceRecord(scope, brokers, {
      topic: pipeline.topic('parcels'),
      key: `{"id":${id}}`,
      value: '{"no":1}',
    });

  const capture = await work.start('capture');
  const sink = await work.start('sink-mysql');
  if (!work.isRefused) {
    const topics = await eventually(
      'the sink to read topics',
      () => /"topics":(\[[^\]]+\])/.exec(sink.process.output)?.[1],
      { timeoutMs: UNSEEN_MS },
    ).catch(() => '');
    for (const topic of [pipeline.topic('parcels'), `${pipeline.name}.sluice.heartbeat`])
      if (!topics.includes(`"${topic}"`)) return [`UNSEEN ${topic}`];
  }
  const copied = `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('${targetDatabase}', '${stateDatabase}') AND TABLE_NAME = 'parcels'`;
  await work.unless('the table', async () => ((await target.query(copied))[0] as unknown[]).length === 1);
  if (work.isRefused) return work.refused;

  const large = 'x'.repeat(SMALL_TOPICS.maxMessageBytes);
  await pipeline.database.run(
    'ALTER TABLE parcels ADD COLUMN weight INT',
    `INSERT INTO parcels (id, body) VALUES (2, '${large}')`,
  );
  await poison(9);
  const file = await accounts.commandFile();
  for (const owner of ['mysql', 'capture']) {
    await work.unless(`a letter of ${owner}`, async () => {
      const document = await work.command(file, `dlq list --sink ${owner}`);
      return (document as { depth: number } | null)?.depth === 1;
    });
    if (work.isRefused) return work.refused;
  }
  await capture.process.order('/api/v1/ddl/alerts/clear', { by: 'test' });
  await sink.process.order('/api/v1/dlq/discard', { by: 'test', dryRun: false });
  for (const { process } of [sink, capture]) await process.stop();
  if (work.isRefused) return work.refused;
  const again = [await work.start('capture'), await work.start('sink-mysql')];
  if (work.isRefused) return work.refused;
  await poison(10);
  await work.unless('a second letter', async () => {
    const document = await work.command(file, 'dlq list --sink mysql');
    return (document as { depth: number } | null)?.depth === 1;
  });
  for (const { process } of again) await process.stop();
  for (const line of [
    'plan',
    'dlq discard --sink mysql --yes --by test',
    'dlq discard --sink capture --yes --by test',
    'sink rewind --sink mysql --to beginning --yes --by test',
  ])
    if (!work.isRefused) await work.command(file, line);
  return work.refused;
}

/** What runs, and what of it was refused. */
class Work {
  readonly #accounts: GuardedPipeline;
  readonly #running: PipelineProcess[] = [];
  readonly #said: string[] = [];

  constructor(accounts: GuardedPipeline) {
    this.#accounts = accounts;
  }

  get refused(): string[] {
    return [...this.#running.flatMap(({ process }) => refusals(process.output)), ...this.#said];
  }

  get isRefused(): boolean {
    return this.refused.length > 0;
  }

  /** Waits for it, or for a refusal. */
  async unless(what: string, look: () => Promise<boolean>): Promise<void> {
    await eventually(what, async () => this.isRefused || (await look()), { everyMs: 100 });
  }

  async command(file: string, line: string): Promise<unknown> {
    const end = await sluice(file, line);
    if (end.code !== 0 || refusals(end.said).length > 0) this.#said.push(`${line}: ${end.said}`);
    return end.document;
  }

  async start(name: 'capture' | 'sink-mysql'): Promise<PipelineProcess> {
    const service = await this.#accounts.launch(name);
    if (!this.isRefused) {
      this.#running.push(service);
      await this.unless(`${name} to be ready`, () => service.process.isReady());
    }
    return service;
  }
}
