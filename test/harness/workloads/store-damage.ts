import { formatSequence } from '@sluice/envelope';
import type { SeededRandom } from '@sluice/seeded-random';
import { SINK_NAMES, type SinkPipeline } from '../pipelines/sink-pipeline.ts';

const DAMAGES = ['changed', 'lost', 'extra'] as const;
type Damage = (typeof DAMAGES)[number];

/** Rows that no source ever has, from this id on. */
const EXTRA_FROM = 1_000_000;
const EXTRA_IDS = 50;
/** Without one a value in Redis is no row, and no repair touches it. */
const LOWEST_SEQUENCE = formatSequence(1, 1, 0);

/** Changes, removes or adds one row of one store past its sink. The tables have the columns `id` and `name`. */
export async function damageOne(
  pipeline: SinkPipeline,
  random: SeededRandom,
  { tables, ids }: { readonly tables: readonly string[]; readonly ids: number },
): Promise<void> {
  const table = random.pick(tables);
  const damage = random.pick(DAMAGES);
  const id = damage === 'extra' ? EXTRA_FROM + random.below(EXTRA_IDS) : random.below(ids);
  const sink = random.pick(SINK_NAMES);
  if (sink === 'redis') await inRedis(pipeline, table, id, damage);
  else if (sink === 'mysql') await inTarget(pipeline, table, id, damage);
  else await inIndex(pipeline, table, id, damage);
}

async function inRedis(
  { stores: { redis }, name }: SinkPipeline,
  table: string,
  id: number,
  damage: Damage,
): Promise<void> {
  const key = `${name}.${table}:${id}`;
  if (damage === 'lost') return void (await redis.del(key));
  if (damage === 'extra')
    return void (await redis.set(key, JSON.stringify({ _sequence: LOWEST_SEQUENCE, id, name: 'extra' })));
  const before = await redis.get(key);
  // Between the two the sink may have written: then it is an older row that comes back.
  if (before !== null)
    await redis.set(key, JSON.stringify({ ...(JSON.parse(before) as object), name: 'changed' }));
}

async function inTarget(
  { stores: { target, targetDatabase } }: SinkPipeline,
  table: string,
  id: number,
  damage: Damage,
): Promise<void> {
  const at = `${targetDatabase}.${table}`;
  const sql = {
    changed: `UPDATE ${at} SET name = 'changed' WHERE id = ${id}`,
    lost: `DELETE FROM ${at} WHERE id = ${id}`,
    extra: `INSERT IGNORE INTO ${at} (id, name) VALUES (${id}, 'extra')`,
  }[damage];
  await target.query(sql);
}

async function inIndex({ stores }: SinkPipeline, table: string, id: number, damage: Damage): Promise<void> {
  const { elasticsearch } = stores;
  const document = { index: stores.index(table), id: JSON.stringify({ id }) };
  const options = { ignore: [404, 409] };
  if (damage === 'lost') await elasticsearch.delete(document, options);
  else if (damage === 'extra') await elasticsearch.index({ ...document, document: { id, name: 'extra' } });
  else if (await isThere(stores, document))
    await elasticsearch.update({ ...document, doc: { name: 'changed' } }, options);
}

/** A row that is deleted leaves a document that says so: it is none. */
async function isThere(
  { elasticsearch }: SinkPipeline['stores'],
  document: { readonly index: string; readonly id: string },
): Promise<boolean> {
  const found = await elasticsearch.get<Record<string, unknown>>(document, { ignore: [404] });
  return found.found && 'id' in (found._source ?? {});
}
