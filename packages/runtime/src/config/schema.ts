import { z } from 'zod';
import { isLoopback } from '../ops-access.ts';
import { auditorSchema, file, opsSchemaFor, PORT } from './ops-schema.ts';
import { saslSchema, sendsSecret } from './sasl-schema.ts';
import { secretText } from './secret-text.ts';
import { tablePattern, tablesSchema } from './tables-schema.ts';
import { tlsSchema } from './tls-schema.ts';
import { checkTopics, topicStrategy, topicTemplate } from './topic-names.ts';

/**
 * The schema of `sluice.yaml`: types, validation, JSON Schema and the reference page all come from here.
 * `.meta({ description })` is the text of the reference page; `secret: true` keeps a value out of every output.
 */

const milliseconds = z.int().min(1).max(2_147_483_647);

/** What a MySQL connection does without the setting. */
export const MYSQL_WITHOUT_TLS =
  'Default: encrypt without identity, and refuse a server without TLS; nothing is encrypted on the same host (loopback).';

const sourceHostSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of one server.' }),
  port: PORT.min(1).default(3306).meta({ description: 'Its port.' }),
  role: z.enum(['primary', 'replica']).optional().meta({
    description: 'It is read only while it is that. Default: whatever `source.read` asks for.',
  }),
});

export const sourceSchema = z
  .strictObject({
    server: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, 'may hold letters, digits, `.`, `_`, `-`')
      .optional()
      .meta({
        description:
          'Logical name of the source server in envelopes and metrics. Default: the name of the pipeline.',
      }),
    host: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Host name or address of the source server. Either this or `hosts`.' }),
    port: PORT.min(1).default(3306).meta({ description: 'Port of the source server.' }),
    hosts: z.array(sourceHostSchema).min(1).optional().meta({
      description:
        'Servers that replicate one history, in the order of preference, in place of `host` and `port`: each with `host`, `port` (3306) and, if it may be read only while it is that, `role` (`primary`, `replica`). Capture reads one of them, and when it has to continues by GTID at another one that has all that was published.',
    }),
    read: z.enum(['any', 'primary', 'replica']).default('any').meta({
      description:
        'Which of `hosts` may be read. A server is a replica while it replicates from another one, or `read_only` is on.',
    }),
    user: z
      .string()
      .min(1)
      .meta({ description: 'User with REPLICATION SLAVE, REPLICATION CLIENT and SELECT.' }),
    password: secretText(
      'Password of that user; best as `${NAME}`, or as `${file:/path}` or `${command:PROGRAM ARGUMENTS}`, which are read again at each connection.',
    ).default(''),
    tls: tlsSchema(MYSQL_WITHOUT_TLS),
    serverId: z.int().min(0).max(4_294_967_295).default(0).meta({
      description:
        'Replica id that capture shows to the server: unique in its topology. 0 derives it from the pipeline.',
    }),
    tables: z
      .array(tablePattern)
      .min(1)
      .meta({
        description:
          'Tables to capture, as `database.table`; `*` and `?` are wildcards, which leave out what gh-ost and pt-online-schema-change make beside a table.',
        example: ['shop.*'],
      }),
    excludeTables: z.array(tablePattern).default([]).meta({ description: 'Tables left out of those above.' }),
    keys: z
      .record(z.string(), z.array(z.string().min(1)).min(1))
      .default({})
      .meta({
        description:
          'Key columns of tables without a primary key: `database.table` to the columns of a unique NOT NULL index.',
      }),
    strictTables: z.boolean().default(false).meta({
      description:
        'Refuse to start if a table cannot be captured or a pattern matches no table. Otherwise such tables are not captured, and are named in `/status`, `/health` (degraded) and the log. The same holds for tables that appear later.',
    }),
    newTables: z.enum(['capture', 'refuse']).default('capture').meta({
      description:
        'A table that comes later and matches a pattern with wildcards: `capture` captures it like the others; `refuse` does not, and names it in `/status`, `/health` (degraded) and the log, until `source.tables` names it itself. New is what was not there at the first start with `refuse`.',
    }),
    foreignKeys: z.enum(['tell', 'follow']).default('tell').meta({
      description:
        'Rows that foreign keys delete or change (CASCADE, SET NULL) where the binlog does not have it: `tell` names their tables in `/status` and in an alert; `follow` also reads such a table again, as a whole, whenever rows that it refers to were deleted or got another key.',
    }),
    heartbeatIntervalMs: milliseconds.default(1000).meta({
      description:
        'Milliseconds of silence after which the server sends a heartbeat, and between heartbeat records.',
    }),
    connectTimeoutMs: milliseconds
      .default(10_000)
      .meta({ description: 'Milliseconds to wait for a connection.' }),
  })
  .refine(({ host, hosts }) => (host === undefined) !== (hosts === undefined), {
    path: ['host'],
    message: 'give either `source.host` or `source.hosts`',
  })
  .meta({ description: 'The MySQL or MariaDB server whose changes are captured.' });

export const kafkaSchema = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^.+:\d{1,5}$/, 'must be `host:port`'))
      .min(1)
      .meta({ description: 'Brokers to start from, as `host:port`.', example: ['127.0.0.1:9092'] }),
    clientId: z
      .string()
      .min(1)
      .default('sluice')
      .meta({ description: 'Client id in broker logs and quotas.' }),
    tls: tlsSchema('Default: no encryption.'),
    sasl: saslSchema.optional(),
    sealKeyFile: file.optional().meta({
      description:
        'File with the keys by which control records, checkpoints and decisions are sealed (HMAC), made by `sluice seal-key new`. Every service of the pipeline needs it, and nobody else may read it.',
    }),
    seals: z.enum(['require', 'write']).optional().meta({
      description:
        '`require` (default): what has no seal is refused. `write`: records get seals, but nobody looks at them; for the time in which services get the key one after the other.',
    }),
  })
  .refine(
    ({ brokers, tls, sasl }) =>
      sasl === undefined || !sendsSecret(sasl) || tls !== undefined || brokers.every(isLocal),
    {
      path: ['tls'],
      message:
        'SASL PLAIN and OAUTHBEARER would send password or token in clear: add tls, use a SCRAM mechanism, or write tls: off where nobody listens',
    },
  )
  .meta({ description: 'The Kafka cluster.' });

function isLocal(broker: string): boolean {
  return isLoopback(broker.replace(/:\d+$/, ''));
}

export const topicsSchema = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, 'may hold letters, digits, `.`, `_`, `-`')
      .optional()
      .meta({
        description: 'First part of every topic name. Default: the name of the pipeline.',
      }),
    strategy: topicStrategy,
    template: topicTemplate,
    partitions: z.int().min(1).max(10_000).default(6).meta({ description: "Partitions of a table's topic." }),
    replicationFactor: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .meta({ description: 'Copies of every topic; 3 in production.' }),
    minInsyncReplicas: z.int().min(1).max(100).optional().meta({
      description:
        "Copies that must have a record before it counts (`min.insync.replicas` of every topic): 2 with 3 copies, so that no record is lost with one broker and none is waited for. Default: the brokers' own.",
    }),
    retentionMs: z.int().min(-1).default(604_800_000).meta({
      description:
        'Milliseconds that a change stays readable; a sink that is away longer needs a rebuild. -1: for ever.',
    }),
    auditRetentionMs: z.int().min(-1).default(31_536_000_000).meta({
      description:
        'Milliseconds that orders and refusals stay in `<prefix>.sluice.audit`: a year. -1: for ever.',
    }),
    maxMessageBytes: z.int().min(1024).max(104_857_600).default(1_048_588).meta({
      description: 'Largest record batch in bytes (`max.message.bytes` of the topics).',
    }),
    oversize: z.enum(['stop', 'dead-letter']).default('stop').meta({
      description:
        'What happens at a row that is larger than `maxMessageBytes`: capture stops, or a dead letter with its key takes its place and the stream continues.',
    }),
    compression: z
      .enum(['zstd', 'lz4', 'gzip', 'none'])
      .default('zstd')
      .meta({ description: 'Compression of record batches.' }),
    tombstones: z.boolean().default(false).meta({
      description: 'Follow every delete with a null value of the same key; for compacted topics.',
    }),
    cleanupPolicy: z.enum(['delete', 'compact', 'compact,delete']).default('delete').meta({
      description: '`cleanup.policy` of the table topics.',
    }),
  })
  .superRefine(checkTopics)
  .meta({ description: 'The topics that Sluice creates.' });

export const captureSchema = z
  .strictObject({
    ops: opsSchemaFor('capture').prefault({}),
    hashKeyFile: file.optional().meta({
      description:
        'File with the keys of hashed columns, made by `sluice hash-key new`: the newest stands first and is used, older ones say that it has replaced them. Only capture reads it, and nobody else may.',
    }),
    hashKeyForm: z.enum(['ring', 'bytes']).default('ring').meta({
      description:
        '`bytes`: the file holds the bytes of one key for all columns, as before there were rings (at least 16; a line end behind them does not count). Values stay hashed as they were.',
    }),
    standby: z
      .strictObject({
        takeoverMs: z.int().min(1000).max(3_600_000).default(10_000).meta({
          description:
            'Milliseconds without a sign of life of the capture that leads after which another capture of the pipeline takes over. Signs come three times as often. The same for all of them.',
        }),
      })
      .prefault({}),
    flushRows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .meta({ description: 'Rows at which a Kafka transaction is closed.' }),
    flushBytes: z.int().min(65_536).max(1_073_741_824).default(8_388_608).meta({
      description: 'Bytes at which a Kafka transaction is closed.',
    }),
  })
  .meta({ description: 'The capture service.' });

function ddlPolicy(defaultPolicy: 'apply' | 'alert', description: string) {
  return z.enum(['apply', 'alert', 'pause-table']).default(defaultPolicy).meta({ description });
}

export const ddlSchema = z
  .strictObject({
    additive: ddlPolicy('apply', 'A new table, a new column.'),
    breaking: ddlPolicy('alert', 'A column dropped, renamed or of another type; another primary key.'),
    rename: ddlPolicy(
      'alert',
      'A table that got another name: with `apply`, sinks delete what they have under the old one.',
    ),
    truncate: ddlPolicy('apply', 'All rows, or those of a partition, thrown away.'),
    drop: ddlPolicy('alert', 'A table or a database that is gone: with `apply`, sinks delete its rows.'),
  })
  .meta({
    description:
      'What follows a change of a captured table: `apply` lets sinks follow; `alert` lets them follow as far as nothing is taken away, and raises an alert; `pause-table` raises one and lets sinks stop that table until `sluice table resume`.',
  });

export const memorySchema = z
  .strictObject({
    queueBytes: z.int().min(1_048_576).max(17_179_869_184).default(4_194_304).meta({
      description:
        'Bytes of memory that events may take between the source and Kafka; above it the socket is paused.',
    }),
  })
  .meta({ description: 'Bounds of memory.' });

export const snapshotSchema = z
  .strictObject({
    mode: z.enum(['initial', 'never']).default('initial').meta({
      description:
        '`initial` reads the rows that a captured table already holds; `never` starts with its next change.',
    }),
    chunkRows: z.int().min(1).max(1_000_000).default(10_000).meta({
      description:
        'Most rows read by one SELECT; fewer are read when they are wide or take longer than half a second.',
    }),
    maxThreads: z.int().min(1).max(64).default(2).meta({
      description: 'Tables that are read at the same time, each over a connection of its own.',
    }),
    statementSeconds: z.int().min(1).max(86_400).default(300).meta({
      description:
        'Seconds after which the source ends a SELECT of a snapshot (`max_execution_time`, `max_statement_time`). A job with a condition fails then and can be resumed; any other asks again.',
    }),
    allowSql: z.boolean().default(false).meta({
      description:
        'Let those with the role `admin` choose the rows of a snapshot by a piece of SQL (`--sql`): it may ask for what `tables` hides.',
    }),
  })
  .meta({ description: 'Reading the rows that were there before capture.' });

export const tracingSchema = z
  .strictObject({
    column: z.string().min(1).optional().meta({
      description:
        'Column that holds the `traceparent` (W3C Trace Context) of a row’s change, in tables that have one: it becomes a header of the record.',
      example: 'traceparent',
    }),
    comments: z.boolean().default(false).meta({
      description:
        'Take the `traceparent` from the comment that a statement begins or ends with (sqlcommenter), where its rows have none in a column. MySQL logs statements with `binlog_rows_query_log_events = ON`.',
    }),
  })
  .meta({
    description:
      'From which trace a change comes. Spans are exported where `OTEL_EXPORTER_OTLP_ENDPOINT` says so.',
  });

export const logSchema = z
  .strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info').meta({
      description: 'Least severe level that is written.',
    }),
  })
  .meta({ description: 'Logging, as JSON lines on standard output.' });

/** Dead letters of `capture` are those of capture itself. 63 as a label of DNS (RFC 1035), which a name of a service may become. */
const sinkName = z
  .string()
  .regex(
    /^(?!capture$)[a-z0-9][a-z0-9-]{0,62}$/,
    'may hold lower-case letters, digits and `-` (not first), at most 63, and is not `capture`',
  );

export const sluiceSchema = z
  .strictObject({
    pipeline: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'may hold lower-case letters, digits, `.`, `_`, `-`, at most 100')
      .meta({
        description:
          'Name of the pipeline; transactional id, consumer groups and topic prefix derive from it.',
        example: 'shop',
      }),
    source: sourceSchema,
    tables: tablesSchema,
    kafka: kafkaSchema,
    topics: topicsSchema.prefault({}),
    capture: captureSchema.prefault({}),
    auditor: auditorSchema.prefault({}),
    ddl: ddlSchema.prefault({}),
    memory: memorySchema.prefault({}),
    snapshot: snapshotSchema.prefault({}),
    log: logSchema.prefault({}),
    tracing: tracingSchema.prefault({}),
    onFatal: z.enum(['stay', 'exit']).default('stay').meta({
      description:
        'What a process does about an error that comes back until a person acts: `stay` up, not ready, and tell it on `/status`, `/health` and `/metrics`, or `exit` with a code for a supervisor (docs/operations.md). For one process: `SLUICE__ON_FATAL`.',
    }),
    sinks: z.record(sinkName, z.record(z.string(), z.unknown())).default({}).meta({
      description:
        'One section per sink: its name, and what it is of by `type` (default: the name). Its own settings are checked by the sink.',
    }),
  })
  .meta({
    title: 'sluice.yaml',
    description: 'Configuration of one Sluice pipeline, read by every service.',
  });

type Parsed = z.output<typeof sluiceSchema>;

/** `sluice.yaml` with every default resolved: nothing here still depends on another setting. */
export interface SluiceConfig extends Omit<Parsed, 'source' | 'topics'> {
  readonly source: Omit<Parsed['source'], 'host' | 'hosts'> & {
    readonly server: string;
    /** Of the first of `hosts`. */
    readonly host: string;
    readonly hosts: readonly [SourceHost, ...SourceHost[]];
  };
  readonly topics: Parsed['topics'] & { readonly prefix: string };
}

export type SourceHost = Readonly<z.output<typeof sourceHostSchema>>;
export type SourceConfig = SluiceConfig['source'];
export type TablesConfig = SluiceConfig['tables'];
export type KafkaConfig = SluiceConfig['kafka'];
export type TopicsConfig = SluiceConfig['topics'];
export type OpsConfig = z.output<ReturnType<typeof opsSchemaFor>>;
export type LogConfig = SluiceConfig['log'];

/** Fills in the defaults that come from another setting. */
export function resolveDefaults(parsed: Parsed): SluiceConfig {
  const { source, topics, pipeline } = parsed;
  const [first, ...others] = source.hosts ?? [{ host: source.host ?? '', port: source.port }];
  if (first === undefined) throw new Error('source.hosts is empty');
  return {
    ...parsed,
    source: {
      ...source,
      host: first.host,
      port: first.port,
      hosts: [first, ...others],
      server: source.server ?? pipeline,
      serverId: source.serverId === 0 ? deriveServerId(pipeline) : source.serverId,
    },
    topics: { ...topics, prefix: topics.prefix ?? pipeline },
  };
}

/**
 * A replica id that is the same at every start of this pipeline and unlikely to be anyone else's:
 * FNV-1a of the name, in the upper half of the 32-bit range, which people hardly use for servers.
 */
export function deriveServerId(pipeline: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(pipeline)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return 0x80000000 + (hash & 0x7fffffff);
}
