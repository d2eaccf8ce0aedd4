import { eventually } from '../eventually.ts';
import { produceRecord } from '../kafka-topics.ts';
import type { Scope } from '../scope.ts';
import type { PipelineProcess } from '../sink-pipeline.ts';
import { sluice } from '../sluice-command.ts';
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
    /AUTHORIZ|KafkaJSGroupCoordinatorNotFound|NOPERM|PRIVILEGE|security_exception|rights_missing/.test(line),
  );
}

/**
 * Everything that capture, the MySQL sink and the command ask of Kafka, one after the other: first start, rows, letters, orders, a second
 * start, decisions, a rewind. Ends at the first refusal. @returns what was refused
 */
export async function exercise(
  scope: Scope,
  brokers: readonly string[],
  accounts: GuardedPipeline,
): Promise<string[]> {
  const { pipeline } = accounts;
  const running: PipelineProcess[] = [];
  const said: string[] = [];
  const refused = (): string[] => [...running.flatMap(({ process }) => refusals(process.output)), ...said];
  const unless = (what: string, look: () => Promise<boolean>): Promise<boolean> =>
    eventually(what, async () => refused().length > 0 || (await look()), { everyMs: 100 });
  const command = async (file: string, line: string): Promise<unknown> => {
    const end = await sluice(file, line);
    if (end.code !== 0) said.push(`${line}: ${end.said}`);
    return end.document;
  };
  const start = async (name: 'capture' | 'sink-mysql'): Promise<PipelineProcess> => {
    const service = await accounts.launch(name);
    running.push(service);
    await unless(`${name} to be ready`, () => service.process.isReady());
    return service;
  };

  const capture = await start('capture');
  const sink = await start('sink-mysql');
  const { target, targetDatabase } = pipeline.stores;
  const copied = `SELECT id FROM information_schema.TABLES JOIN ${targetDatabase}.parcels LIMIT 1`;
  await unless('the first row', async () => ((await target.query(copied))[0] as unknown[]).length === 1);
  if (refused().length > 0) return refused();
  const letter = { topic: pipeline.topic('parcels'), key: '{"id":9}', value: '{"no":1}' };
  await produceRecord(scope, brokers, letter);
  const large = 'x'.repeat(SMALL_TOPICS.maxMessageBytes);
  await pipeline.database.run(`INSERT INTO parcels VALUES (2, '${large}')`);
  const file = await accounts.commandFile();
  for (const owner of ['mysql', 'capture']) {
    await unless(`a letter of ${owner}`, async () => {
      const document = await command(file, `dlq list --sink ${owner}`);
      return (document as { depth: number } | null)?.depth === 1;
    });
    if (refused().length > 0) return refused();
  }
  const table = `${pipeline.database.name}.parcels`;
  await capture.process.order('/api/v1/ddl/alerts/clear', { by: 'test' });
  await sink.process.order('/api/v1/tables/resume', { table, by: 'test' });
  for (const { process } of [capture, sink]) await process.stop();
  if (refused().length > 0) return refused();
  const again = await start('capture');
  await again.process.stop();
  for (const line of [
    'plan',
    'dlq discard --sink mysql --yes --by test',
    'dlq discard --sink capture --yes --by test',
    'sink rewind --sink mysql --to beginning --yes --by test',
  ])
    if (refused().length === 0) await command(file, line);
  return refused();
}
