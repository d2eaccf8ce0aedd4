import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointsTopic, ddlTopic, decisionsTopic, schemaHistoryTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { makeTopic, produceRecord } from '../harness/records/kafka-topics.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope } from '../harness/scope.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Line {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
}

interface Manifest {
  readonly pipeline: string;
  readonly takenAt: string;
  readonly source: { readonly file: string; readonly position: number };
  readonly topics: readonly {
    readonly name: string;
    readonly id: string;
    readonly partitions: number;
    readonly configs: Readonly<Record<string, string>>;
    readonly records: { readonly file: string; readonly count: number } | null;
  }[];
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

interface Restored {
  readonly topics: readonly { readonly topic: string; readonly action: string; readonly records: number }[];
  readonly groups: readonly {
    readonly sink: string;
    readonly set: number;
    readonly stay: number;
    readonly fromBeginning: number;
  }[];
}

interface Place {
  readonly offset: string;
  readonly metadata: string | null;
}

test('the state of a running pipeline is backed up as it stands in Kafka', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'backup', [
    'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))',
    "INSERT INTO item VALUES (1, 'one'), (2, 'two')",
  ]);
  const services = await pipeline.start('capture', 'sink-redis');
  const [{ configFile }] = services as [PipelineProcess];
  const versions = (): Promise<number> =>
    pipeline.reader.readTopic(schemaHistoryTopic(pipeline.name), {}, () => undefined);
  await eventually('the first version of the table', async () => (await versions()) > 0);
  await pipeline.database.run(
    'ALTER TABLE item ADD COLUMN more INT',
    "INSERT INTO item VALUES (3, 'three', 3)",
  );
  await eventually('the group of Redis to have its offsets', async () => {
    const topics = await pipeline.admin.fetchOffsets({ groupId: `${pipeline.name}.redis` });
    const committed = topics.flatMap(({ partitions: of }) => of.filter(({ offset }) => Number(offset) >= 0));
    return committed.length > 1;
  });
  await sluice(configFile, 'sink pause --sink redis --reason drill');

  await eventually('the second version of the table', async () => (await versions()) > 1);

  const parent = await newFolder(scope);
  const to = join(parent, 'first');
  const taken = await sluice(configFile, 'backup --to', to);
  expect(taken).toMatchObject({ code: 0, said: expect.stringContaining('the checkpoint at ') as string });
  const manifest = JSON.parse(await readFile(join(to, 'manifest.json'), 'utf8')) as Manifest;
  expect(manifest.pipeline).toBe(pipeline.name);

  // Every other file is named in the manifest, with what it holds.
  const names = (await readdir(to)).filter((name) => name !== 'manifest.json').sort();
  expect(Object.keys(manifest.files).sort()).toEqual(names);
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const content = await readFile(join(to, name));
    expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([
      name,
      bytes,
      sha256,
    ]);
  }

  const configuration: unknown = JSON.parse(await readFile(join(to, 'configuration.json'), 'utf8'));
  expect(configuration).toMatchObject({ pipeline: pipeline.name, source: { password: '***' } });

  const linesOf = async (topic: string): Promise<readonly Line[]> => {
    const { records } = manifest.topics.find(({ name }) => name === topic) ?? { records: null };
    const text = await readFile(join(to, records?.file ?? ''), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };
  for (const topic of [schemaHistoryTopic(pipeline.name), ddlTopic(pipeline.name)]) {
    const inKafka: Line[] = [];
    await pipeline.reader.readTopic(topic, {}, ({ key, value, headers }) => {
      const text = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;
      const entries = [...headers].map(([name, bytes]): [string, string | null] => [name, text(bytes)]);
      inKafka.push({ key: text(key), value: text(value), headers: Object.fromEntries(entries) });
    });
    const kept = (await linesOf(topic)).map(({ key, value, headers }) => ({ key, value, headers }));
    expect(kept.length).toBeGreaterThan(0);
    // More may have come since.
    expect(inKafka.slice(0, kept.length)).toEqual(kept);
  }
  expect(await linesOf(checkpointsTopic(pipeline.name))).toHaveLength(1);
  const [pause] = await linesOf(decisionsTopic(pipeline.name, 'redis'));
  expect(Buffer.from(pause?.key ?? '', 'base64').toString()).toBe('pause:*');

  const rows = manifest.topics.find(({ name }) => name === pipeline.topic('item'));
  expect(rows).toMatchObject({ partitions: 3, records: null, configs: { 'retention.ms': '604800000' } });
  expect(rows?.id).toBe((await pipeline.reader.topicIds()).get(pipeline.topic('item')));

  // A folder that has something in it is left as it is; one without a manifest is no backup.
  expect(await sluice(configFile, 'backup --to', to)).toMatchObject({
    code: 1,
    said: expect.stringContaining('is not empty: name a new folder') as string,
  });

  // Put back into its own Kafka it moves nothing that is there; a group that has lost its offsets gets them, and no more.
  await Promise.all(services.map(({ process }) => process.stop()));
  const restored = async (): Promise<Restored> => {
    const end = await sluice(configFile, 'restore --apply --from', to);
    expect(end).toMatchObject({ code: 0 });
    return end.document as Restored;
  };
  const first = await restored();
  const actions = new Map(first.topics.map(({ topic, action }) => [topic, action]));
  expect(actions.get(checkpointsTopic(pipeline.name))).toBe('keep');
  expect(actions.get(schemaHistoryTopic(pipeline.name))).toBe('same');
  const ofRedis = ({ groups }: Restored) => groups.find(({ sink }) => sink === 'redis');
  const partitions = ofRedis(first)?.stay ?? 0;
  expect(partitions).toBeGreaterThan(1);
  expect(ofRedis(first)).toMatchObject({ set: 0, fromBeginning: 0 });
  const groupId = `${pipeline.name}.redis`;
  const before = await pipeline.admin.fetchOffsets({ groupId });
  await pipeline.admin.deleteGroups([groupId]);
  expect(ofRedis(await restored())).toMatchObject({ set: partitions, stay: 0, fromBeginning: 0 });
  const after = await pipeline.admin.fetchOffsets({ groupId });
  const places = (of: typeof before): ReadonlyMap<string, Place> =>
    new Map(
      of.flatMap(({ topic, partitions: all }) => all.map((each) => [`${topic}/${each.partition}`, each])),
    );
  expect(after.length).toBe(before.length);
  for (const [name, { offset, metadata }] of places(after)) {
    const had = places(before).get(name);
    expect([name, metadata]).toEqual([name, had?.metadata]);
    expect(Number(offset)).toBeLessThanOrEqual(Number(had?.offset));
  }

  // An interrupted restore has left the first record of a topic: the next one writes the others.
  const history = schemaHistoryTopic(pipeline.name);
  const kept = await linesOf(history);
  expect(kept.length).toBeGreaterThan(1);
  await pipeline.admin.deleteTopics({ topics: [history] });
  await eventually('the topic to be gone', async () => !(await pipeline.reader.topicIds()).has(history));
  await makeTopic(pipeline.admin, { topic: history, numPartitions: 1 });
  const textOf = (base64: string | null): string => Buffer.from(base64 ?? '', 'base64').toString();
  const [begun] = kept;
  await produceRecord(scope, stack.kafka.brokers, {
    topic: history,
    key: textOf(begun?.key ?? null),
    value: textOf(begun?.value ?? null),
  });
  const { topics } = await restored();
  expect(topics.find(({ topic }) => topic === history)).toMatchObject({
    action: 'fill',
    records: kept.length - 1,
  });
  const now: string[] = [];
  await pipeline.reader.readTopic(history, {}, ({ value }) => now.push(String(value)));
  expect(now).toEqual(kept.map(({ value }) => textOf(value)));
});
