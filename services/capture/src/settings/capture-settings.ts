import { TopicRouting } from '@sluice/envelope';
import { kafkaClient, RecordSeals } from '@sluice/kafka';
import { PipelineError, type Logger, type SluiceConfig } from '@sluice/runtime';
import type { HashKey } from '../model/hash-key.ts';
import { readHashKey } from '../transform/read-hash-key.ts';
import { PublicationCompiler } from '../transform/publication-compiler.ts';
import type { ReaderOptions } from '../source/binlog-reader.ts';
import type { Source } from '../source/source.ts';
import { createTableFilter, type TableFilter } from '../model/table-filter.ts';

/** The configuration, and what derives from it once. */
export interface CaptureSettings {
  readonly config: SluiceConfig;
  readonly prefix: string;
  /** From tables to topics. */
  readonly routing: TopicRouting;
  readonly serverName: string;
  readonly serverId: number;
  readonly filter: TableFilter;
  /** What of a captured table is published. */
  readonly compiler: PublicationCompiler;
  /** Of hashed columns. */
  readonly hashKey: HashKey | null;
  /** Of what is written for others and for the next start; null without `kafka.sealKeyFile`. */
  readonly seals: RecordSeals | null;
  /** For administration; the hot path has its own transport. */
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly acceptLostCheckpoint: boolean;
  /** A new generation is above this one, which the operator has named; 0 where none was. */
  readonly generationAbove: number;
  /** Take new row conditions, and rebuild their tables. */
  readonly acceptConditions: boolean;
  /** Hash by a key that has not replaced the one of before, and publish its tables again. */
  readonly acceptHashKey: boolean;
}

const ONE_KEY =
  'capture.hashKeyForm is `bytes`: all hashed columns have one key, so equal values can be recognised across tables (docs/tables.md, "The key of hashed columns")';

export function captureSettings(config: SluiceConfig, argv: readonly string[], log: Logger): CaptureSettings {
  const hashKey = readHashKey(config.capture);
  if (hashKey?.isPerColumn === false) log.warn({ event: 'capture.one_hash_key' }, ONE_KEY);
  return {
    config,
    prefix: config.topics.prefix,
    routing: new TopicRouting(config.topics),
    serverName: config.source.server,
    serverId: config.source.serverId,
    filter: createTableFilter(config.source.tables, config.source.excludeTables),
    compiler: new PublicationCompiler(config.tables, hashKey, config.tracing.column),
    hashKey,
    seals: RecordSeals.of(config.kafka),
    kafka: kafkaClient(config.kafka, log),
    ...accepted(argv),
  };
}

/** What every reading of this source's binlog has in common. */
export function readerOptions(
  { config, serverId }: CaptureSettings,
  { connectionOptions: connection, facts: server }: Source,
  log: Logger,
): Omit<ReaderOptions, 'from'> {
  const { heartbeatIntervalMs: heartbeatMs } = config.source;
  const annotations = config.tracing.comments;
  const { queueBytes } = config.memory;
  return { connection, serverId, server, heartbeatMs, queueBytes, annotations, log };
}

const LOST = 'lost-checkpoint';
/** With the generation that stores have come to. */
const LOST_ABOVE = /^lost-checkpoint=(\d{1,3})$/u;
const ACCEPTABLE: readonly string[] = [LOST, 'row-conditions', 'hash-key'];

/** What the operator accepts by `--accept …`, which may be given several times. */
function accepted(
  argv: readonly string[],
): Pick<CaptureSettings, 'acceptLostCheckpoint' | 'generationAbove' | 'acceptConditions' | 'acceptHashKey'> {
  const given = argv.flatMap((argument, at) => (argument === '--accept' ? [argv[at + 1] ?? ''] : []));
  const generations = given.flatMap((word) => LOST_ABOVE.exec(word)?.[1] ?? []).map(Number);
  const words = given.map((word) => word.replace(LOST_ABOVE, LOST));
  const unknown = words.find((word) => !ACCEPTABLE.includes(word));
  if (unknown !== undefined)
    throw new PipelineError(
      'CONFIG_INVALID',
      `--accept takes ${ACCEPTABLE.map((word) => `"${word}"`).join(' or ')}, not "${unknown}".`,
    );
  return {
    acceptLostCheckpoint: words.includes(LOST),
    generationAbove: Math.max(0, ...generations),
    acceptConditions: words.includes('row-conditions'),
    acceptHashKey: words.includes('hash-key'),
  };
}
