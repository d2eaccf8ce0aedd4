import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { SinkPipeline } from '../pipelines/sink-pipeline.ts';
import { sluice, type CommandEnd } from '../processes/sluice-command.ts';
import type { Place } from './search.ts';

/** Row 1 of it is changed, taken away or added in the stores, so that commands have something to tell. */
const COMPARED = ['by_exclude', 'by_mask', 'by_hash', 'by_truncate'] as const;
/** Whoever can write into a store can write this key there: as SQL it would be refused by the source. */
const HOSTILE_ID = '0 OR (SELECT 1 FROM nothing_of_this_name)';

/**
 * What commands write and show of a pipeline whose stores are other than its source: reports, undo files, SQL for a store's tool, a backup.
 * All stores are as before in the end. Throws when a command finds other things than were planted.
 */
export async function commandPlaces(pipeline: SinkPipeline, configFile: string): Promise<Place[]> {
  const places: Place[] = [];
  const folder = dirname(configFile);
  const tables = COMPARED.map((table) => `${pipeline.name}.${table}`);
  const run = async (line: string, code: number): Promise<void> => {
    const end = await sluice(configFile, line);
    places.push({ name: `sluice ${line}`, text: textOf(end) });
    if (end.code !== code) throw new Error(`sluice ${line} ended with ${end.code}: ${end.said}`);
  };
  const kept = async (name: string): Promise<void> => {
    places.push({ name: `file ${name}`, text: await readFile(join(folder, name), 'utf8') });
  };

  await settled(configFile, tables);
  await plant(pipeline);
  const report = join(folder, 'report');
  await run(`compare ${tables.join(' ')} --output-file ${report}`, 3);
  await kept('report');
  await run(`compare ${tables.join(' ')} --offline --output-file ${join(folder, 'offline')}`, 3);
  await kept('offline');
  // The key of one row in Redis is none.
  const ends = { redis: 1, elasticsearch: 0, mysql: 0 };
  for (const [sink, code] of Object.entries(ends)) {
    await run(`repair --report ${report} --sink ${sink} --sql-file ${join(folder, `${sink}.txt`)}`, code);
    await kept(`${sink}.txt`);
  }
  await run(`repair --offline --report ${report} --sink mysql --sql-file ${join(folder, 'offline.sql')}`, 0);
  await kept('offline.sql');
  await run(`repair --report ${report} --apply --undo ${join(folder, 'undo')}`, 1);
  await kept('undo');
  await run(`repair --undo-from ${join(folder, 'undo')}`, 0);
  await pipeline.stores.redis.del(hostileKey(pipeline));
  await run(`compare ${tables.join(' ')}`, 0);
  await run(`backup --to ${join(folder, 'backup')}`, 0);
  return [...places, ...(await backupPlaces(join(folder, 'backup')))];
}

const textOf = ({ document, said }: CommandEnd): string => `${JSON.stringify(document)}\n${said}`;
const hostileKey = ({ name }: SinkPipeline): string => `${name}.by_mask:${HOSTILE_ID}`;

/** The first rows are in all stores, and no snapshot is under way. */
async function settled(configFile: string, tables: readonly string[]): Promise<void> {
  await eventually(
    'the stores to equal the source',
    async () => (await sluice(configFile, `compare ${tables.join(' ')}`)).code === 0,
    { timeoutMs: 120_000 },
  );
}

async function plant(pipeline: SinkPipeline): Promise<void> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  const { name } = pipeline;
  const key = `${name}.by_mask:1`;
  const text = (await redis.get(key)) ?? '';
  await redis.set(key, text.replace('row-1', 'other'));
  await redis.set(hostileKey(pipeline), text.replace('"id":1', `"id":"${HOSTILE_ID}"`));
  await redis.del(`${name}.by_hash:1`);
  const index = pipeline.stores.index('by_truncate');
  await elasticsearch.update({ index, id: '{"id":1}', doc: { shown: 'other' } });
  await target.query(`UPDATE ${targetDatabase}.by_hash SET shown = 'other' WHERE id = 1`);
  await target.query(`DELETE FROM ${targetDatabase}.by_exclude WHERE id = 1`);
  await target.query(`INSERT INTO ${targetDatabase}.by_mask (id, shown) VALUES (4711, 'extra')`);
}

/** Every file of a backup, with the bytes of keys, values and headers as they are. */
async function backupPlaces(folder: string): Promise<Place[]> {
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      const shown = name.endsWith('.ndjson') ? text.split('\n').map(recordText).join('\n') : text;
      return { name: `backup ${name.replace(/\.ndjson$/, '')}`, text: shown };
    }),
  );
}

interface Line {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
}

function recordText(line: string): string {
  if (line === '') return '';
  const { key, value, headers } = JSON.parse(line) as Line;
  const parts = [key, value, ...Object.values(headers)];
  return parts.map((part) => Buffer.from(part ?? '', 'base64').toString('latin1')).join('\n');
}
