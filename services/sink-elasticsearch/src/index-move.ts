import type { Client } from '@elastic/elasticsearch';
import { exactElements, exactMember, memberNames } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { sendLines, type Item } from './bulk-writer.ts';
import { itemError } from './elasticsearch-errors.ts';
import { liveAlias } from './elasticsearch-mapper.ts';
import { exactAnswer } from './exact-answers.ts';
import { LIVE_FILTER } from './index-definition.ts';

/** Documents of one request. */
const STEP = 200;
const SCROLL = '5m';

export interface Move {
  /** Name of the table's index, which becomes an alias. */
  readonly index: string;
  readonly from: string;
  /** It is there. */
  readonly to: string;
  /** Columns that may have values which the new fields refuse. */
  readonly columns: readonly string[];
}

/**
 * Copies every document with its version, deleted rows too, then puts the new index into the place of the old one in one step, and
 * removes that. Nobody may write rows of the table meanwhile; who tries is refused for the time. Safe to repeat and to break
 * off. Throws what the cluster has against it; the old index is as it was then.
 */
export async function moveIndex(client: Client, move: Move, signal: AbortSignal): Promise<void> {
  const { index, from, to } = move;
  await client.indices.putSettings({ index: from, settings: { 'index.blocks.write': true } }, { signal });
  try {
    await client.indices.refresh({ index: from }, { signal });
    for await (const documents of documentsOf(client, from, signal))
      await copy(client, move, documents, signal);
    await expectAll(client, move, signal);
    const actions = [
      { add: { index: to, alias: liveAlias(index), filter: LIVE_FILTER } },
      { remove_index: { index: from } },
      { add: { index: to, alias: index } },
    ];
    await client.indices.updateAliases({ actions }, { signal });
  } catch (error) {
    await client.indices
      .putSettings({ index: from, settings: { 'index.blocks.write': null } })
      .catch(() => undefined);
    throw error;
  }
}

/** The old index goes only when the new one has as many documents. */
async function expectAll(client: Client, { from, to }: Move, signal: AbortSignal): Promise<void> {
  await client.indices.refresh({ index: to }, { signal });
  const [before, after] = [
    await client.count({ index: from }, { signal }),
    await client.count({ index: to }, { signal }),
  ];
  if (before.count <= after.count) return;
  const counts = `${after.count} of ${before.count} documents`;
  throw new PipelineError(
    'ELASTICSEARCH_UNAVAILABLE',
    `${to} has ${counts} of ${from}: they are copied again`,
  );
}

interface StoredDocument {
  readonly id: string;
  /** Decimal digits. */
  readonly version: string;
  /** `_source` as it was written. */
  readonly source: string;
}

async function* documentsOf(
  client: Client,
  index: string,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredDocument[]> {
  const ask = async (path: string, body: Record<string, unknown>): Promise<string> => {
    const answer = await exactAnswer(client, { method: 'POST', path, body, index }, signal);
    // What cannot be read is not "no more documents".
    if (answer === null)
      throw new PipelineError('ELASTICSEARCH_UNAVAILABLE', `${index}: the reading was lost`);
    return answer;
  };
  const search = { size: STEP, version: true, sort: ['_doc'] };
  let page = await ask(`/${encodeURIComponent(index)}/_search?scroll=${SCROLL}`, search);
  let scroll = '';
  try {
    for (;;) {
      scroll = JSON.parse(exactMember(page, '_scroll_id') ?? '""') as string;
      const hits = exactElements(partOf(partOf(page, 'hits'), 'hits'));
      if (hits.length === 0) return;
      yield hits.map(documentIn);
      page = await ask('/_search/scroll', { scroll: SCROLL, scroll_id: scroll });
    }
  } finally {
    if (scroll !== '') await client.clearScroll({ scroll_id: scroll }).catch(() => undefined);
  }
}

function documentIn(hit: string): StoredDocument {
  const id = JSON.parse(partOf(hit, '_id')) as string;
  return { id, version: partOf(hit, '_version'), source: partOf(hit, '_source') };
}

function partOf(object: string, name: string): string {
  const part = exactMember(object, name);
  if (part === null) throw new PipelineError('ELASTICSEARCH_UNAVAILABLE', `an answer lacks ${name}`);
  return part;
}

/** A value of before the change that its new field refuses is left out: the table is read again after every ALTER. */
async function copy(
  client: Client,
  move: Move,
  documents: readonly StoredDocument[],
  signal: AbortSignal,
): Promise<void> {
  const items = await send(client, move.to, documents, signal);
  const refused = documents.filter((_, position) => items[position]?.status === 400);
  if (refused.length === 0) return;
  const stripped = refused.map((document) => ({
    ...document,
    source: withoutColumns(document.source, move.columns),
  }));
  const [broken] = (await send(client, move.to, stripped, signal)).filter((item) => item?.status === 400);
  if (broken !== undefined) throw itemError(400, broken.error, move.to);
}

async function send(
  client: Client,
  index: string,
  documents: readonly StoredDocument[],
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const lines = documents.map(({ id, version, source }) => {
    const action = `{"index":{"_id":${JSON.stringify(id)},"version":"${version}","version_type":"external"}}`;
    return `${action}\n${source.replace(/[\r\n]/g, ' ')}\n`;
  });
  const items = await sendLines(client, { name: index, isAlias: false }, lines.join(''), signal);
  const failed = items.find(({ status = 503 } = {}) => status >= 300 && status !== 409 && status !== 400);
  if (failed !== undefined) throw itemError(failed.status ?? 503, failed.error, index);
  return items;
}

/** What is left is as it was written: a parsed number may have lost digits. */
function withoutColumns(source: string, columns: readonly string[]): string {
  const gone = new Set(columns);
  const kept = memberNames(source).filter((name) => !gone.has(name));
  return `{${kept.map((name) => `${JSON.stringify(name)}:${partOf(source, name)}`).join(',')}}`;
}
