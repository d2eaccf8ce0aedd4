import {
  describeCluster,
  groupOffsets,
  kafkaClient,
  partitionName,
  RecordSeals,
  TopicReader,
  type GroupOffset,
  type TopicRecord,
} from '@sluice/kafka';
import { createLogger, PipelineError, redactedConfig, VERSION, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';
import type { BackupFolder } from './backup-folder.ts';
import {
  CONFIGURATION,
  GROUPS,
  manifestText,
  sourceOf,
  type BackupGroup,
  type BackupManifest,
} from './backup-manifest.ts';
import { recordLine } from './kept-record.ts';
import { captureTopics, decisionsOf, sinksKnown, topicsOf, type OwnTopic } from './own-topics.ts';

/** Milliseconds that one question outlives an outage, and waits for a Kafka transaction to end. */
const RECOVERY_MS = 60_000;

export interface TakenBackup extends Pick<BackupManifest, 'takenAt' | 'source'> {
  /** By topic. */
  readonly records: Readonly<Record<string, number>>;
  readonly groups: readonly BackupGroup[];
  /** Records that should have a seal and have none: they are not in it. */
  readonly unsealed: number;
}

type Ids = ReadonlyMap<string, string>;

/** Reads the state of a pipeline that may run meanwhile into a folder. Throws CommandFailed and PipelineError. */
export class BackupTaking {
  readonly #config: SluiceConfig;
  readonly #folder: BackupFolder;
  readonly #kafka: ReturnType<typeof kafkaClient>;
  readonly #reader: TopicReader;
  readonly #counts = new Map<string, { readonly file: string; readonly count: number }>();
  #unsealed = 0;

  constructor(config: SluiceConfig, folder: BackupFolder, signal: AbortSignal) {
    this.#config = config;
    this.#folder = folder;
    this.#kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
    const { checkpoints } = captureTopics(config.topics.prefix);
    const decisions = decisionsOf(config.topics.prefix, '').name;
    this.#reader = new TopicReader({
      kafka: config.kafka,
      signal,
      recoveryMs: RECOVERY_MS,
      // Of these the newest counts: one that somebody has forged must not come in the place of a true one.
      sealed: {
        seals: RecordSeals.of(config.kafka),
        has: (topic) => topic === checkpoints.name || topic.startsWith(decisions),
        onUnsealed: () => this.#unsealed++,
      },
    });
  }

  close(): void {
    this.#reader.close();
  }

  /**
   * Everything in an order that makes a restore repeat, and miss nothing:
   * 1. Offsets before all else: of what a sink has decided when it came so far (an incomplete table), all is read later.
   * 2. The checkpoint before schema history and DDL topic. It is in the same Kafka transaction as the versions and statements that its
   *    stream had met, so theirs are complete for it; what is newer in them is met again, as after a crash. Markers of a commit come
   *    to the partitions one by one: both are read when every transaction that began there has ended.
   * 3. Offsets again, for the lower ones: a sink may have been rewound meanwhile.
   */
  async run(): Promise<TakenBackup> {
    const { prefix } = this.#config.topics;
    const takenAt = new Date().toISOString();
    const ids = await this.#ids();
    const sinks = sinksKnown(this.#config, ids.keys());
    const before = await this.#offsets(sinks);
    const { checkpoints, history, ddl, audit } = captureTopics(prefix);
    const source = await this.#checkpoint(checkpoints);
    for (const topic of [history, ddl]) await this.#reader.settledEnds(topic.name);
    for (const topic of [history, ddl, ...sinks.map((sink) => decisionsOf(prefix, sink)), audit])
      if (ids.has(topic.name)) await this.#keep(topic);
    const after = await this.#offsets(sinks);
    const groups = sinks.map((sink) => this.#groupOf(sink, before, after));
    await this.#folder.document(GROUPS, groups);
    await this.#folder.document(CONFIGURATION, redactedConfig(this.#config));
    await this.#finish(ids, { takenAt, source });
    const records = Object.fromEntries([...this.#counts].map(([name, { count }]) => [name, count]));
    return { takenAt, source, records, groups, unsealed: this.#unsealed };
  }

  async #ids(): Promise<Ids> {
    const isOurs = topicsOf(this.#config);
    return new Map([...(await this.#reader.topicIds())].filter(([name]) => isOurs(name)));
  }

  /** Of the record that is kept: a newer one may come at any time. */
  async #checkpoint(topic: OwnTopic): Promise<BackupManifest['source']> {
    const { pipeline } = this.#config;
    const value = (await this.#keepNewest(topic)).get(pipeline)?.value ?? null;
    if (value === null)
      throw new CommandFailed(`${topic.name} has no checkpoint of pipeline ${pipeline}: nothing to back up`);
    try {
      return sourceOf(value);
    } catch (error) {
      throw new PipelineError(
        'CHECKPOINT_CORRUPT',
        `The newest checkpoint in ${topic.name} cannot be read: a backup of it would restore nothing.`,
        { cause: error },
      );
    }
  }

  async #keep(topic: OwnTopic): Promise<void> {
    if (topic.keeps === 'newest') await this.#keepNewest(topic);
    else
      await this.#write(topic, async (line) => {
        await this.#reader.readTopic(topic.name, {}, (record) => line(recordLine(record)));
      });
  }

  /** By key, in the order of the newest ones. */
  async #keepNewest(topic: OwnTopic): Promise<ReadonlyMap<string, TopicRecord>> {
    const newest = new Map<string, TopicRecord>();
    await this.#reader.readTopic(topic.name, {}, (record) => {
      const key = String(record.key);
      newest.delete(key);
      if (record.value !== null) newest.set(key, record);
    });
    await this.#write(topic, async (line) => {
      for (const record of newest.values()) line(recordLine(record));
    });
    return newest;
  }

  async #write({ name, file }: OwnTopic, work: Parameters<BackupFolder['lines']>[1]): Promise<void> {
    this.#counts.set(name, { file, count: await this.#folder.lines(file, work) });
  }

  async #offsets(sinks: readonly string[]): Promise<ReadonlyMap<string, readonly GroupOffset[]>> {
    const offsets = new Map<string, readonly GroupOffset[]>();
    for (const sink of sinks)
      offsets.set(sink, await groupOffsets(this.#kafka, `${this.#config.pipeline}.${sink}`));
    return offsets;
  }

  #groupOf(
    sink: string,
    before: ReadonlyMap<string, readonly GroupOffset[]>,
    after: ReadonlyMap<string, readonly GroupOffset[]>,
  ): BackupGroup {
    const offsets = lowerOf(before.get(sink) ?? [], after.get(sink) ?? []);
    return {
      sink,
      group: `${this.#config.pipeline}.${sink}`,
      offsets: offsets.map((each) => ({ ...each, offset: String(each.offset) })),
    };
  }

  async #finish(ids: Ids, taken: Pick<BackupManifest, 'takenAt' | 'source'>): Promise<void> {
    const now = await this.#ids();
    const other = [...ids].find(([name, id]) => now.get(name) !== id);
    if (other !== undefined)
      throw new CommandFailed(`${other[0]} was deleted while it was read: take the backup again`);
    const { clusterId, topics } = await describeCluster(this.#kafka, ids);
    const { pipeline, topics: settings } = this.#config;
    const named = topics.map((topic) => ({ ...topic, records: this.#counts.get(topic.name) ?? null }));
    const about = { pipeline, prefix: settings.prefix, clusterId, sluice: VERSION };
    await this.#folder.finish(manifestText({ ...about, ...taken, topics: named, files: this.#folder.files }));
  }
}

/** Of each partition that the group had an offset of when it was first looked at, the lower of the two. */
export function lowerOf(before: readonly GroupOffset[], after: readonly GroupOffset[]): GroupOffset[] {
  const later = new Map(after.map((each) => [partitionName(each.topic, each.partition), each]));
  return before.map((each) => {
    const now = later.get(partitionName(each.topic, each.partition));
    return now !== undefined && now.offset < each.offset ? now : each;
  });
}
