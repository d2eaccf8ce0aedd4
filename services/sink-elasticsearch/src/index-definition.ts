import type { SchemaColumn } from '@sluice/envelope';
import type { ElasticsearchConfig } from './config.ts';
import {
  fieldLimit,
  fieldMappings,
  liveAlias,
  SLUICE_FIELD,
  type FieldMapping,
} from './elasticsearch-mapper.ts';

/** Readers do not see deleted rows. */
export const LIVE_FILTER = { bool: { must_not: { exists: { field: '_sluice.deleted' } } } };

/** What is acknowledged is on disk, whatever a template says: offsets that are committed behind it rely on that. */
export const SYNCED = { 'index.translog.durability': 'request' } as const;

/** What a mapping says in any case, whatever a template of the cluster says: rows are stored, and fields are those of columns. */
export const ROW_MAPPING = { dynamic: false, _source: { enabled: true } } as const;

/** The body of the request that creates the index of a table. */
export interface IndexDefinition {
  readonly settings: Record<string, number | boolean | string>;
  readonly mappings: typeof ROW_MAPPING & { readonly properties: Record<string, FieldMapping> };
  readonly aliases: Record<string, { readonly filter: typeof LIVE_FILTER }>;
}

export function indexDefinition(
  { shards, replicas }: ElasticsearchConfig,
  index: string,
  columns: readonly SchemaColumn[],
): IndexDefinition {
  return {
    settings: {
      number_of_shards: shards,
      number_of_replicas: replicas,
      'index.mapping.total_fields.limit': fieldLimit(columns.length),
      'index.mapping.ignore_malformed': true,
      ...SYNCED,
    },
    mappings: { ...ROW_MAPPING, properties: indexFields(columns) },
    aliases: { [liveAlias(index)]: { filter: LIVE_FILTER } },
  };
}

export function indexFields(columns: readonly SchemaColumn[]): Record<string, FieldMapping> {
  return { ...fieldMappings(columns), _sluice: SLUICE_FIELD };
}
