import { readFile } from 'node:fs/promises';
import type { SinkPipeline } from '../pipelines/sink-pipeline.ts';
import { quoteIdentifier, type RowDataPacket } from '@sluice/mysql';

/** A place where something is kept or shown, and what it holds. */
export interface Place {
  readonly name: string;
  readonly text: string;
}

/** The topics of the pipeline, its own ones too: keys, values and headers. */
export async function topicPlaces({ reader, name }: SinkPipeline): Promise<Place[]> {
  const topics = (await reader.topicNames()).filter((topic) => topic.startsWith(`${name}.`));
  return Promise.all(
    topics.map(async (topic) => {
      const parts: string[] = [];
      await reader.readTopic(topic, {}, ({ key, value, headers }) => {
        for (const bytes of [key, value, ...headers.values()]) parts.push(bytes?.toString('latin1') ?? '');
      });
      return { name: `topic ${topic.slice(name.length + 1)}`, text: parts.join('\n') };
    }),
  );
}

/** All that the three stores hold of it. */
export async function storePlaces(pipeline: SinkPipeline): Promise<Place[]> {
  return [
    await redisPlace(pipeline),
    ...(await elasticsearchPlaces(pipeline)),
    ...(await targetPlaces(pipeline)),
  ];
}

async function redisPlace({ stores: { redis }, name }: SinkPipeline): Promise<Place> {
  const parts: string[] = [];
  for await (const keys of redis.scanStream({ match: `*${name}*`, count: 2000 }))
    for (const key of keys as string[]) {
      // A value of whatever type, as the server itself writes it down.
      const dump = await redis.dumpBuffer(key);
      parts.push(key, dump?.toString('latin1') ?? '', (await redis.get(key).catch(() => null)) ?? '');
    }
  return { name: 'redis', text: parts.join('\n') };
}

async function elasticsearchPlaces({ stores: { elasticsearch }, name }: SinkPipeline): Promise<Place[]> {
  const index = `${name}-*`;
  await elasticsearch.indices.refresh({ index });
  const mappings = await elasticsearch.indices.get({ index });
  const found = await elasticsearch.search({ index, size: 10_000, version: true, expand_wildcards: 'all' });
  return [
    { name: 'elasticsearch mappings', text: JSON.stringify(mappings) },
    { name: 'elasticsearch documents', text: JSON.stringify(found.hits.hits) },
  ];
}

async function targetPlaces({ stores }: SinkPipeline): Promise<Place[]> {
  const places: Place[] = [];
  for (const database of [stores.targetDatabase, stores.stateDatabase]) {
    const [tables] = await stores.target.query<RowDataPacket[]>(
      'SELECT TABLE_NAME AS name FROM information_schema.tables WHERE TABLE_SCHEMA = ?',
      [database],
    );
    for (const table of tables.map((row) => String(row['name']))) {
      const name = `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
      const [rows] = await stores.target.query<RowDataPacket[]>({
        sql: `SELECT * FROM ${name}`,
        typeCast: false,
      });
      const [made] = await stores.target.query<RowDataPacket[]>(`SHOW CREATE TABLE ${name}`);
      const values = rows.flatMap((row) => Object.values(row).map(String));
      places.push({ name: `target ${table}`, text: [...values, JSON.stringify(made)].join('\n') });
    }
  }
  return places;
}

const PAGES = [
  '/status',
  '/health',
  '/livez',
  '/readyz',
  '/api/v1/snapshots',
  '/api/v1/ddl/alerts',
  '/api/v1/ddl/history',
  '/api/v1/dlq?all=true',
  '/dlq?all=true',
  '/tables/paused',
];

/** What a service that runs shows of itself: its pages, its metrics, and to the operating system. */
export async function shownPlaces(process: {
  readonly name: string;
  readonly opsUrl: string;
  readonly metricsUrl: string;
  readonly process: { readonly pid: number };
}): Promise<Place[]> {
  const { name, opsUrl, metricsUrl } = process;
  const pages = [...PAGES.map((path) => `${opsUrl}${path}`), metricsUrl];
  const told = await Promise.all(
    pages.map(async (url) => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      return { name: `${name} ${url.replace(/^.*:\d+/u, '')}`, text: await answer.text() };
    }),
  );
  const { pid } = process.process;
  const system = await Promise.all(
    ['cmdline', 'environ'].map(async (file) => ({
      name: `${name} ${file}`,
      text: (await readFile(`/proc/${pid}/${file}`)).toString('latin1'),
    })),
  );
  return [...told, ...system];
}

/** Where it sings: `place: form`. */
export function singing(places: readonly Place[], forms: readonly string[]): string[] {
  return places.flatMap(({ name, text }) => {
    const found = forms.filter((form) => text.includes(form));
    return found.map((form) => {
      const at = text.indexOf(form);
      return `${name}: ${form} in …${text.slice(Math.max(0, at - 80), at + form.length + 20)}…`;
    });
  });
}
