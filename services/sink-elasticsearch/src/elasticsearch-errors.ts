import { errors } from '@elastic/elasticsearch';
import { PipelineError, type ErrorCode } from '@sluice/runtime';
import { liveAlias } from './elasticsearch-mapper.ts';
import { CODES } from './errors.ts';

/** The parts of an error that Elasticsearch gives for a request or for one item of a bulk. */
export interface ElasticsearchReason {
  readonly type?: string;
  readonly reason?: string;
}

/** The one reason that is shown: it names a setting of the index, and no document is at fault. Others may quote values. */
const MISSING_PIPELINE = /^pipeline with id \[[^\]]*\] does not exist$/u;

/** An alias of several indexes takes no writes: no document is at fault. */
const NO_WRITE_INDEX = /^no write index is defined for alias /u;

const NO_ROUTING = 'routing_missing_exception';

/** Decided by the exception's name where the status alone is ambiguous. */
const BY_TYPE: Readonly<Record<string, ErrorCode>> = {
  // The index takes no writes now; the document is not at fault.
  cluster_block_exception: CODES.ELASTICSEARCH_UNAVAILABLE, // 403, yet no permission: disk watermark, read-only index
  index_closed_exception: CODES.ELASTICSEARCH_UNAVAILABLE, // 400: somebody has closed it
  // The index is not there, or cannot be: every row of the table would fail.
  index_not_found_exception: CODES.ELASTICSEARCH_INDEX_MISSING,
  invalid_index_name_exception: CODES.ELASTICSEARCH_INDEX_REFUSED,
  // A mapping asks for what documents of this sink never have: every row of the table would fail.
  [NO_ROUTING]: CODES.ELASTICSEARCH_INDEX_REFUSED,
  // Only a person can change a privilege.
  security_exception: CODES.ELASTICSEARCH_AUTH,
  // This document does not fit the mapping; its neighbours do.
  document_parsing_exception: CODES.ELASTICSEARCH_DOCUMENT_REFUSED, // from 8.8
  mapper_parsing_exception: CODES.ELASTICSEARCH_DOCUMENT_REFUSED, // before 8.8
  illegal_argument_exception: CODES.ELASTICSEARCH_DOCUMENT_REFUSED, // a term too long, an id too long
  strict_dynamic_mapping_exception: CODES.ELASTICSEARCH_DOCUMENT_REFUSED, // a field that a mapping by hand does not allow
};

/**
 * An error of one item of a bulk. What is not known is that document's own fault only where the status says that the request
 * was wrong, and then says so; every other status is of a shard, or of what stands between.
 */
export function itemErrorCode(status: number, type: string | undefined): ErrorCode {
  const known = type === undefined ? undefined : BY_TYPE[type];
  if (known !== undefined) return known;
  if (status === 413) return CODES.ELASTICSEARCH_DOCUMENT_TOO_LARGE;
  return status === 400 ? CODES.ELASTICSEARCH_DOCUMENT_UNKNOWN : CODES.ELASTICSEARCH_BUSY;
}

export function itemError(
  status: number,
  error: ElasticsearchReason | undefined,
  index: string,
): PipelineError {
  const type = error?.type ?? 'unknown';
  if (NO_WRITE_INDEX.test(error?.reason ?? ''))
    return new PipelineError(
      CODES.ELASTICSEARCH_INDEX_REFUSED,
      `${index}: alias ${liveAlias(index)} leads to several indexes; take it from all but the table's own`,
      { context: { index, status, type } },
    );
  const context = { context: { index, status, type } };
  if (MISSING_PIPELINE.test(error?.reason ?? ''))
    return new PipelineError(
      CODES.ELASTICSEARCH_INDEX_REFUSED,
      `${index}: ${error?.reason}: put it back, or take it from index.default_pipeline and index.final_pipeline of the index`,
      context,
    );
  const detail = type === NO_ROUTING ? ': its mapping asks for a routing value, and rows have none' : '';
  return new PipelineError(
    itemErrorCode(status, error?.type),
    `${index}: ${type}${detail} (status ${status})`,
    context,
  );
}

/** An error of a whole request. An unknown one is the connection's, and tried again. */
function requestErrorCode(error: unknown): ErrorCode {
  if (error instanceof errors.ProductNotSupportedError || error instanceof errors.ConfigurationError) {
    return CODES.ELASTICSEARCH_UNSUPPORTED;
  }
  if (!(error instanceof errors.ResponseError)) return CODES.ELASTICSEARCH_UNAVAILABLE;
  const status = error.statusCode ?? 0;
  const byType = BY_TYPE[reasonOf(error).type ?? ''];
  if (byType !== undefined) return byType;
  if (status === 401 || status === 403) return CODES.ELASTICSEARCH_AUTH;
  if (status === 404) return CODES.ELASTICSEARCH_INDEX_MISSING;
  if (status === 413) return CODES.ELASTICSEARCH_DOCUMENT_TOO_LARGE;
  // Without a type it is not Elasticsearch that answered, but what stands between.
  if (status === 400 && reasonOf(error).type !== undefined) return CODES.ELASTICSEARCH_DOCUMENT_UNKNOWN;
  return CODES.ELASTICSEARCH_UNAVAILABLE;
}

export function requestError(error: unknown, doing: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const status = error instanceof errors.ResponseError ? (error.statusCode ?? 0) : 0;
  const type = error instanceof errors.ResponseError ? (reasonOf(error).type ?? 'unknown') : nameOf(error);
  // A connection's words name an address, never a value.
  const detail = error instanceof errors.ConnectionError ? `: ${error.message}` : '';
  const message = `${doing}: ${type}${detail}${status === 0 ? '' : ` (status ${status})`}`;
  return new PipelineError(requestErrorCode(error), message, { cause: error, context: { status, type } });
}

/** Whether the account may not do what was asked for. */
export function isForbidden(error: unknown): boolean {
  return error instanceof errors.ResponseError && reasonOf(error).type === 'security_exception';
}

/** The `error` member of an answer's body. Its texts may quote values, so only `type` is ever shown. */
export function reasonOf(error: InstanceType<typeof errors.ResponseError>): ElasticsearchReason {
  const body: unknown = error.body;
  if (typeof body !== 'object' || body === null || !('error' in body)) return {};
  return typeof body.error === 'object' && body.error !== null ? body.error : {};
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
