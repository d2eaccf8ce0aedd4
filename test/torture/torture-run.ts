import { Redis } from 'ioredis';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier, type RowDataPacket } from '@sluice/mysql';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import type { SinkName } from '../harness/pipelines/sink-pipeline.ts';
import { WatchedPipeline } from '../harness/pipelines/watched-pipeline.ts';
import { look, type Found } from './look.ts';
import { runFile, type FileEnd } from './run-file.ts';
import type { RunPlace } from './run-place.ts';
import { ServerState } from './server-state.ts';
import type { SuiteFolder } from './suite-folder.ts';

export interface TortureOptions {
  readonly suite: SuiteFolder;
  readonly files: readonly string[];
  readonly stack: Stack;
  readonly source: MysqlServer;
  readonly place: RunPlace;
  readonly sinks: readonly SinkName[];
  /** No further file is begun when it answers true. */
  readonly isOver: () => boolean;
  readonly onFile: (result: FileResult) => void;
  /** What a file has left behind and nobody could take away: what follows may find it. */
  readonly onLeft: (problems: readonly string[]) => void;
}

export interface FileResult extends Found {
  readonly file: string;
  readonly end: FileEnd;
  readonly statements: number;
  /** It has thrown the binlog away: that capture stops is as docs/limits.md says. */
  readonly isReset: boolean;
  /** What the file took, and what the look took. */
  readonly ms: readonly [file: number, look: number];
}

const FILE_TIMEOUT_MS = 20_000;
/** The database that files find. */
const DATABASE = 'test';
/** The target's own. */
const OWN_DATABASES = new Set(['mysql', 'information_schema', 'performance_schema', 'sys']);

/** File after file while a pipeline captures all that they do; a new pipeline after each stop, so that it hides nothing. */
export async function torture(options: TortureOptions): Promise<void> {
  let next = 0;
  while (next < options.files.length && !options.isOver()) {
    await using scope = new AsyncDisposableStack();
    const database = await SourceDatabase.create(scope, options.source, 'torture');
    const state = await ServerState.read(scope, options.source);
    await state.restore(database.name, DATABASE);
    const { stack } = options;
    await emptied(stack);
    const pipeline = await WatchedPipeline.start(scope, { stack, database }, ['*.*'], options.sinks);
    let isStopped = false;
    while (!isStopped && next < options.files.length && !options.isOver()) {
      const file = options.files[next++] ?? '';
      const begun = performance.now();
      const before = await state.counts();
      const end = await runFile({
        ...options,
        file,
        server: options.source,
        database: DATABASE,
        timeoutMs: FILE_TIMEOUT_MS,
      });
      const ran = performance.now();
      const after = await state.counts();
      const statements = after.statements - before.statements;
      const isReset = after.resets > before.resets;
      const found = await look(pipeline, state);
      const ms = [Math.round(ran - begun), Math.round(performance.now() - ran)] as const;
      options.onFile({ file, end, statements, isReset, ms, ...found });
      isStopped = found.stop !== null || isReset;
      const left = await state.restore(database.name, DATABASE);
      if (left.length > 0) options.onLeft(left);
      if (!isStopped) await pipeline.resumeStopped();
    }
  }
}

/** What an earlier pipeline has copied is none of the next one's: its sinks would refuse each table of the same name. */
async function emptied({ targetMysql, redis }: Pick<Stack, 'targetMysql' | 'redis'>): Promise<void> {
  const store = new Redis(redis.url);
  await store.flushall().finally(() => store.disconnect());
  const target = await connect({ ...targetMysql, connectTimeoutMs: 10_000 });
  try {
    const [rows] = await target.query<RowDataPacket[]>('SHOW DATABASES');
    const names = rows.map((row) => String(row['Database'])).filter((name) => !OWN_DATABASES.has(name));
    for (const name of names) await target.query(`DROP DATABASE ${quoteIdentifier(name)}`);
  } finally {
    target.destroy();
  }
}
