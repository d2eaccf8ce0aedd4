import type { Client } from '@elastic/elasticsearch';
import { exactElements, exactMember, memberNames, type Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { sendLines, type Item } from './bulk-writer.ts';
import { isForbidden, itemError, requestError } from './elasticsearch-errors.ts';
import { liveAlias } from './elasticsearch-mapper.ts';
import { exactAnswer } from './exact-answers.ts';
import { additionsTo, forbiddenAliases, furtherAliases } from './further-aliases.ts';
import { LIVE_FILTER } from './index-definition.ts';
import { findIndex, type FoundIndex } from './index-record.ts';
import { CODES } from './errors.ts';
import { countWhole, expectWhole, refreshWhole, type ShardsTold } from './whole-answers.ts';

/** Documents of one request at most; fewer, where they are large. */
const STEP = 200;
const STEP_BYTES = 8 << 20;
const SCROLL = '5m';

/** Between the name of a table's index and the sequence of its change. No name of a table gives this one: there a per cent sign is followed by two hexadecimal digits. */
export const MOVED_MARK = '%v';

/** Name of the index that takes the place of a table's at a change. */
export function movedName(index: string, sequence: Sequence): string {
  return `${index}${MOVED_MARK}${sequence}`;
}

export interface Move {
  /** Name of the table's index, which becomes an alias. */
  readonly index: string;
  readonly from: FoundIndex;
  /** It is there. */
  readonly to: string;
  /** Columns that may have values which the new fields refuse. */
  readonly columns: readonly string[];
  /** Removes from the table what a truncate of meanwhile has removed: a copy may have brought it back. */
  readonly sweep: () => Promise<void>;
}

/**
 * Copies every document with its version, deleted rows too, and lets readers and writers go over to the new index, by all aliases of the
 * old one; when that takes no writes any more, what came into it meanwhile is copied as well, and the new one gets its name. Versions
 * decide what is newer, in whatever order it comes. Safe to repeat, to break off and to do twice at once: no row waits for it.
 * False when another process has ended the same move: what was meant for the old index, the block and the note of it, may have come to
 * the new one. Throws what the cluster has against it.
 */
export async function moveIndex(client: Client, move: Move, signal: AbortSignal): Promise<boolean> {
  try {
    return await moveAll(client, move, signal);
  } catch (error) {
    // The old index went while it was being read here.
    if (await isThere(client, move.from, move.index)) throw error;
    return false;
  }
}

async function moveAll(client: Client, move: Move, signal: AbortSignal): Promise<boolean> {
  const { index, from, to } = move;
  const live = liveAlias(index);
  await copyAll(client, move, signal);
  if (!(await isThere(client, from, index))) return false;
  const further = await furtherAliases(client, from.name, index, signal);
  const turn = [
    ...[live, ...further.map(([alias]) => alias)].map((alias) => ({
      remove: { index: from.name, alias, must_exist: false },
    })),
    { add: { index: to, alias: live, filter: LIVE_FILTER } },
    ...additionsTo(to, further),
  ];
  await client.indices.updateAliases({ actions: turn }, { signal }).catch((error: unknown) => {
    throw isForbidden(error) && further.length > 0 ? forbiddenAliases(from.name, further) : error;
  });
  await block(client, move, signal);
  await copyAll(client, move, signal);
  await move.sweep();
  if (!(await isThere(client, from, index))) return false;
  await expectAll(client, move, signal);
  const actions = [
    { remove_index: { index: from.name } },
    { add: { index: to, alias: index } },
    // A partition that comes again from before the change has taken it back meanwhile.
    { add: { index: to, alias: live, filter: LIVE_FILTER } },
  ];
  await client.indices.updateAliases({ actions }, { signal });
  return true;
}

/**
 * Another process may have ended the same move: then the name is that of the new index. Should the block come to that one, at
 * this very moment, with the note or without it, whoever is refused by it lifts it; whoever has sent the note comes to the same schema
 * record again, and writes what it has taken the place of.
 */
async function block(client: Client, { index, from, to }: Move, signal: AbortSignal): Promise<void> {
  if (!(await isThere(client, from, index))) return;
  const _meta = { ...from.meta, sluice: { ...from.record, movedTo: to } };
  if (from.record !== null) await client.indices.putMapping({ index: from.name, _meta }, { signal });
  await client.indices.addBlock({ index: from.name, block: 'write' }, { signal });
}

/** Requests of a move that was broken off may still come for so long. */
const LATE_MS = 3_600_000;

/**
 * Lets writes into an index again that a move has blocked: one that is being moved, or that has just taken the place of another; false when
 * its block is not ours. The note of the move stays: its request for the block may come later than this one.
 */
export async function unblockMoved(client: Client, found: FoundIndex): Promise<boolean> {
  const { name, record, madeAtMs, isHalfBlocked } = found;
  const isNew = name.includes(MOVED_MARK) && Date.now() - madeAtMs < LATE_MS;
  if (!(record?.movedTo !== undefined || isNew || isHalfBlocked)) return false;
  await unblock(client, name);
  return true;
}

/** Lifts the block of an index that was to be replaced and is not, and forgets that it was; false when it has none of ours. */
export async function liftBlock(client: Client, index: string): Promise<boolean> {
  const found = await findIndex(client, index);
  const record = found?.record ?? null;
  if (found === null || record?.movedTo === undefined) return false;
  await unblock(client, found.name);
  const { movedTo: _gone, ...rest } = record;
  await client.indices.putMapping({ index: found.name, _meta: { ...found.meta, sluice: rest } });
  return true;
}

async function unblock(client: Client, name: string): Promise<void> {
  await client.indices.putSettings({ index: name, settings: { 'index.blocks.write': null } });
}

async function isThere(client: Client, { uuid }: FoundIndex, index: string): Promise<boolean> {
  return (await findIndex(client, index))?.uuid === uuid;
}

async function copyAll(client: Client, move: Move, signal: AbortSignal): Promise<void> {
  const { name } = move.from;
  await refreshWhole(client, { index: name }, { signal });
  for await (const documents of documentsOf(client, name, signal))
    await copy(client, move, documents, signal);
}

/** The old index goes only when the new one has as many documents. */
async function expectAll(client: Client, { from, to }: Move, signal: AbortSignal): Promise<void> {
  await refreshWhole(client, { index: to }, { signal });
  const [before, after] = [
    await countWhole(client, from.name, { signal }),
    await countWhole(client, to, { signal }),
  ];
  if (before <= after) return;
  const counts = `${after} of ${before} documents`;
  throw new PipelineError(
    CODES.ELASTICSEARCH_UNAVAILABLE,
    `${to} has ${counts} of ${from.name}: they are copied again`,
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
      throw new PipelineError(CODES.ELASTICSEARCH_UNAVAILABLE, `${index}: the reading was lost`);
    expectWhole(index, shardsIn(answer));
    return answer;
  };
  const search = { size: await pageOf(client, index, signal), version: true, sort: ['_doc'] };
  let page = await ask(
    `/${encodeURIComponent(index)}/_search?scroll=${SCROLL}&allow_partial_search_results=false`,
    search,
  );
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

/** Documents of a page that has the bytes of a request, were all of the same size. */
async function pageOf(client: Client, index: string, signal: AbortSignal): Promise<number> {
  const { _all: all } = await client.indices.stats({ index, metric: ['docs', 'store'] }, { signal });
  const documents = all.primaries?.docs?.count ?? 0;
  const bytes = all.primaries?.store?.size_in_bytes ?? 0;
  return Math.max(1, Math.min(STEP, Math.floor((STEP_BYTES * documents) / Math.max(1, bytes))));
}

function documentIn(hit: string): StoredDocument {
  const id = JSON.parse(partOf(hit, '_id')) as string;
  return { id, version: partOf(hit, '_version'), source: partOf(hit, '_source') };
}

function shardsIn(page: string): ShardsTold {
  return JSON.parse(
    `{"_shards":${partOf(page, '_shards')},"timed_out":${partOf(page, 'timed_out')}}`,
  ) as ShardsTold;
}

function partOf(object: string, name: string): string {
  const part = exactMember(object, name);
  if (part === null) throw new PipelineError(CODES.ELASTICSEARCH_UNAVAILABLE, `an answer lacks ${name}`);
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

/** One answer for each document. What is too large for one request goes in halves. */
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
  try {
    const items = await sendLines(client, { name: index, isAlias: false }, lines.join(''), signal);
    const failed = items.find(({ status = 503 } = {}) => status >= 300 && status !== 409 && status !== 400);
    if (failed !== undefined) throw itemError(failed.status ?? 503, failed.error, index);
    return items;
  } catch (error) {
    const isTooLarge = requestError(error, index).code === CODES.ELASTICSEARCH_DOCUMENT_TOO_LARGE;
    if (!isTooLarge || documents.length === 1) throw error;
    const middle = documents.length >> 1;
    const left = await send(client, index, documents.slice(0, middle), signal);
    return left.concat(await send(client, index, documents.slice(middle), signal));
  }
}

/** What is left is as it was written: a parsed number may have lost digits. */
function withoutColumns(source: string, columns: readonly string[]): string {
  const gone = new Set(columns);
  const kept = memberNames(source).filter((name) => !gone.has(name));
  return `{${kept.map((name) => `${JSON.stringify(name)}:${partOf(source, name)}`).join(',')}}`;
}
