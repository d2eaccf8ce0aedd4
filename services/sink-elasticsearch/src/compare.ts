import { createHash } from 'node:crypto';
import { Client, errors } from '@elastic/elasticsearch';
import { isExactObject, keyTexts, parseExactJson, rowOfDocument } from '@sluice/compare';
import type { ComparedRow, ComparedSink, ComparedTable, ExactJson, SinkTable } from '@sluice/compare';
import { tableId } from '@sluice/envelope';
import { connectionOptions, type ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { exactResult, jsonIn } from './exact-answers.ts';
import { expectNoIndex, expectWhole } from './whole-answers.ts';

type Settings = Pick<ElasticsearchConfig, 'node' | 'auth' | 'indexPrefix' | 'indexes' | 'tls'>;

const OWN_MEMBERS: ReadonlySet<string> = new Set(['_sluice']);
const LONGEST_ID_BYTES = 512;
const SCROLL_PAGE = 5000;

export function openStore(target: Settings, section: string): Promise<ComparedSink> {
  const client = new Client({
    node: target.node,
    ...connectionOptions(target, section),
    maxRetries: 2,
  });
  const sink: ComparedSink = {
    open: async (table) => {
      const index = indexOf(target, table);
      const { _shards: shards } = await ask(client, ['POST', `/${encodeURIComponent(index)}/_refresh`]);
      expectWhole(index, { _shards: { failed: isExactObject(shards) ? shards['failed'] : undefined } });
      return elasticsearchTable(client, table, index);
    },
    close: () => client.close(),
  };
  return Promise.resolve(sink);
}

interface Answer {
  readonly [member: string]: ExactJson;
}

/**
 * The client would parse numbers to doubles, so the answer is taken as it comes.
 * @param indexMayLack that an index which is not there is no error
 * @throws a PipelineError with an ELASTICSEARCH_… code
 */
async function ask(
  client: Client,
  [method, path, body]: readonly [string, string, object?],
  indexMayLack = true,
): Promise<Answer> {
  const request = body === undefined ? { method, path } : { method, path, body };
  const result = await exactResult(client, request).catch((error: unknown) => {
    throw requestError(error, `${method} ${path}`);
  });
  const status = result.statusCode ?? 0;
  if (status >= 400 && !(status === 404 && indexMayLack))
    throw requestError(
      new errors.ResponseError({ ...result, body: jsonIn(result.body) }),
      `${method} ${path}`,
    );
  const answer = parseExactJson(result.body);
  if (!isExactObject(answer)) throw new Error(`${path}: the answer is not a JSON object`);
  return answer;
}

function elasticsearchTable(client: Client, table: ComparedTable, index: string): SinkTable {
  const identity = (values: readonly (string | undefined)[]): string =>
    documentId(table, keyTexts(table, values));
  const storedRows = async (ids: readonly string[]): Promise<(ComparedRow | null)[]> => {
    if (ids.length === 0) return [];
    const { docs } = await ask(client, ['POST', `/${encodeURIComponent(index)}/_mget`, { ids }]);
    if (!Array.isArray(docs)) return ids.map(() => null);
    for (const doc of docs as readonly ExactJson[])
      if (isExactObject(doc) && isExactObject(doc['error'])) expectNoIndex(index, doc['error']);
    return docs.map((hit: ExactJson) => rowOfHit(table, hit));
  };
  return {
    identity,
    fetch: (rows) => storedRows(rows.map((row) => identity(row.values))),
    fetchStored: storedRows,
    identities: () => liveIds(client, index),
  };
}

function rowOfHit(table: ComparedTable, hit: ExactJson): ComparedRow | null {
  if (!isExactObject(hit) || hit['_source'] === undefined || isTombstone(hit)) return null;
  return rowOfDocument(table, hit['_source'], OWN_MEMBERS);
}

function isTombstone(hit: Answer): boolean {
  const source = hit['_source'];
  const own = isExactObject(source) ? source['_sluice'] : undefined;
  return isExactObject(own) && own['deleted'] === true;
}

async function* liveIds(client: Client, index: string): AsyncGenerator<string> {
  const search = { size: SCROLL_PAGE, sort: ['_doc'], _source: ['_sluice.deleted'] };
  let page = await ask(client, [
    'POST',
    `/${encodeURIComponent(index)}/_search?scroll=2m&allow_partial_search_results=false`,
    search,
  ]);
  while (page['_scroll_id'] !== undefined) {
    expectWhole(index, page);
    const outer = page['hits'];
    const hits = isExactObject(outer) ? outer['hits'] : undefined;
    if (!Array.isArray(hits) || hits.length === 0) break;
    for (const hit of hits as readonly ExactJson[]) {
      if (!isExactObject(hit) || isTombstone(hit)) continue;
      const id = hit['_id'];
      if (typeof id === 'string') yield id;
    }
    // One that has expired would look like the end.
    const next = { scroll: '2m', scroll_id: page['_scroll_id'] };
    page = await ask(client, ['POST', '/_search/scroll', next], false);
  }
  const scroll = page['_scroll_id'];
  if (scroll !== undefined) await ask(client, ['DELETE', '/_search/scroll', { scroll_id: scroll }]);
}

function indexOf({ indexPrefix, indexes }: Settings, { database, table }: ComparedTable): string {
  const named = indexes[tableId(database, table)];
  return named === undefined
    ? indexName(`${indexPrefix}${database}.${table}`.toLowerCase())
    : indexPrefix + named.name;
}

/** With everything percent-encoded that an index may not be called by, and the per cent sign. */
function indexName(name: string): string {
  const hex = (character: string): string => Buffer.from(character).toString('hex');
  return name
    .replace(/["#%*,/:<>?\\| ]/g, (character) => `%${hex(character)}`)
    .replace(/^[-_+]/, (first) => `%${hex(first)}`);
}

/** The record key's text, or its SHA-256 where Elasticsearch would refuse it as too long. */
function documentId(table: ComparedTable, key: readonly string[]): string {
  const members = table.key.map(
    (place, index) => `${JSON.stringify(table.columns[place]?.name)}:${key[index]}`,
  );
  const text = `{${members.join(',')}}`;
  return Buffer.byteLength(text) <= LONGEST_ID_BYTES ? text : createHash('sha256').update(text).digest('hex');
}
