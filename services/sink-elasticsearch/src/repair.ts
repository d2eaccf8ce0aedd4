import { Client } from '@elastic/elasticsearch';
import { exactElements, exactMember } from '@sluice/envelope';
import type { OpenRepair, RowPlace, UndoneRow } from '@sluice/compare';
import { parseSection } from '@sluice/runtime';
import { clientOptions, elasticsearchSchema } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { bulkLines, documentId, liveAlias } from './elasticsearch-mapper.ts';
import { elasticsearchSink } from './elasticsearch-sink.ts';
import { exactAnswer } from './exact-answers.ts';
import { tableIndex } from './table-index.ts';
import { expectNoIndex } from './whole-answers.ts';

const CONFLICT = 409;
/** A text is taken for plain text otherwise. */
const JSON_TEXT = { 'content-type': 'application/json' };

export const openRepair: OpenRepair = async ({ name, config: file, contextOf }) => {
  const config = parseSection(file, ['sinks', name], elasticsearchSchema);
  const context = contextOf(config);
  const sink = elasticsearchSink.create(config, context);
  const client = new Client(clientOptions(config, context.section));
  const { signal } = new AbortController();
  await sink.open(signal);
  return {
    write: (rows) => sink.write(rows, signal, 'repair'),
    kept: async (rows) => {
      const found = new Map<string, string | null>();
      for (const [index, some] of Map.groupBy(rows, (row) => tableIndex(config, row)))
        for (const [id, source] of await sources(client, index, some)) found.set(`${index}\0${id}`, source);
      return rows.map((row) => found.get(`${tableIndex(config, row)}\0${documentId(row.rowKey)}`) ?? null);
    },
    restore: (row) => restore(client, tableIndex(config, row), row),
    statements: (rows) => {
      const at = new Date().toISOString();
      const lines = rows.map((row) => {
        const alias = liveAlias(tableIndex(config, row.envelope.payload.source));
        const place = `{"index":{"_index":${JSON.stringify(alias)},"require_alias":true,`;
        return bulkLines(row, at, 'repair').replace('{"index":{', () => place);
      });
      return Promise.resolve(lines.join(''));
    },
    close: async () => {
      await sink.close();
      await client.close();
    },
  };
};

/** By document id; deleted ones are documents too. */
async function sources(
  client: Client,
  index: string,
  rows: readonly RowPlace[],
): Promise<ReadonlyMap<string, string>> {
  const path = `/${encodeURIComponent(liveAlias(index))}/_mget`;
  const body = { ids: rows.map(({ rowKey }) => documentId(rowKey)) };
  const answer = await exactAnswer(
    client,
    { method: 'POST', path, body, index },
    new AbortController().signal,
  );
  const docs = answer === null ? null : exactMember(answer, 'docs');
  const found = new Map<string, string>();
  for (const doc of docs === null ? [] : exactElements(docs)) {
    const error = exactMember(doc, 'error');
    if (error !== null) expectNoIndex(index, JSON.parse(error) as { readonly type?: string });
    const [id, source] = [exactMember(doc, '_id'), exactMember(doc, '_source')];
    if (id !== null && source !== null) found.set(JSON.parse(id) as string, source);
  }
  return found;
}

/** The version is the guard's: what is newer than the repair is not written over, whatever happens in between. */
async function restore(
  client: Client,
  index: string,
  { rowKey, sequence, kept }: UndoneRow,
): Promise<boolean> {
  const path = `/${encodeURIComponent(liveAlias(index))}/_doc/${encodeURIComponent(documentId(rowKey))}`;
  const { signal } = new AbortController();
  const present = await exactAnswer(client, { method: 'GET', path, index }, signal);
  if (present === null && kept === null) return true;
  const version = present === null ? null : exactMember(present, '_version');
  if (version === null || version.padStart(sequence.length, '0') !== sequence) return false;
  const querystring = { version: sequence, version_type: 'external_gte', refresh: 'true' };
  try {
    if (kept === null) await client.transport.request({ method: 'DELETE', path, querystring });
    else
      await client.transport.request(
        { method: 'PUT', path, querystring, body: kept },
        { headers: JSON_TEXT },
      );
    return true;
  } catch (error) {
    if ((error as { readonly statusCode?: number }).statusCode === CONFLICT) return false;
    throw requestError(error, `restore in ${index}`);
  }
}
