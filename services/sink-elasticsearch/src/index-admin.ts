import { errors, type Client, type estypes } from '@elastic/elasticsearch';
import type { SchemaColumn } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { ElasticsearchConfig } from './config.ts';
import { reasonOf, requestError } from './elasticsearch-errors.ts';
import { fieldLimit, liveAlias } from './elasticsearch-mapper.ts';
import { indexDefinition, indexFields, LIVE_FILTER } from './index-definition.ts';

/** A column of this name would be a metadata field: Elasticsearch refuses every document that has one. */
const METADATA_FIELDS = new Set([
  '_id',
  '_index',
  '_source',
  '_routing',
  '_ignored',
  '_field_names',
  '_sluice',
]);

/**
 * Makes the index of a table hold all its columns: created when missing, new fields added, nothing removed or retyped.
 * Any number of processes may do this at once. Throws class schema when the cluster refuses the shape.
 */
export async function ensureIndex(
  client: Client,
  config: ElasticsearchConfig,
  index: string,
  columns: readonly SchemaColumn[],
): Promise<void> {
  const clash = columns.find((column) => METADATA_FIELDS.has(column.name));
  if (clash !== undefined) {
    throw refused(`${index}: Elasticsearch allows no field named ${clash.name}; leave the column out`);
  }
  try {
    if (await client.indices.exists({ index })) await extendIndex(client, index, columns);
    else await createIndex(client, config, index, columns);
  } catch (error) {
    throw schemaError(error, index);
  }
}

async function createIndex(
  client: Client,
  config: ElasticsearchConfig,
  index: string,
  columns: readonly SchemaColumn[],
): Promise<void> {
  try {
    const { settings, aliases } = indexDefinition(config, index, columns);
    const mappings = { dynamic: false, properties: properties(columns) } as const;
    await client.indices.create({ index, settings, mappings, aliases });
  } catch (error) {
    if (!hasType(error, 'resource_already_exists_exception')) throw error;
    await extendIndex(client, index, columns);
  }
}

async function extendIndex(client: Client, index: string, columns: readonly SchemaColumn[]): Promise<void> {
  const answer = await client.indices.getMapping({ index });
  const present = Object.values(answer)[0]?.mappings.properties ?? {};
  const missing = columns.filter((column) => !(column.name in present));
  if (missing.length > 0 || !('_sluice' in present)) {
    const limit = fieldLimit(Object.keys(present).length + missing.length);
    await client.indices.putSettings({ index, settings: { 'index.mapping.total_fields.limit': limit } });
    await client.indices.putMapping({ index, dynamic: false, properties: properties(missing) });
  }
  await client.indices.putAlias({ index, name: liveAlias(index), filter: LIVE_FILTER });
}

function properties(columns: readonly SchemaColumn[]): Record<string, estypes.MappingProperty> {
  return indexFields(columns) as unknown as Record<string, estypes.MappingProperty>;
}

/** What the cluster calls wrong with an index is the table's trouble, not one document's. */
function schemaError(error: unknown, index: string): PipelineError {
  const failure = requestError(error, `index ${index}`);
  if (failure.errorClass !== 'record') return failure;
  const reason = error instanceof errors.ResponseError ? (reasonOf(error).reason ?? '') : '';
  return refused(`${failure.message}: ${reason.slice(0, 300)}`, error);
}

function refused(message: string, cause?: unknown): PipelineError {
  return new PipelineError('ELASTICSEARCH_INDEX_REFUSED', message, { cause });
}

function hasType(error: unknown, type: string): boolean {
  return error instanceof errors.ResponseError && reasonOf(error).type === type;
}
