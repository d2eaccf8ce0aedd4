import { text } from 'node:stream/consumers';
import type { Client } from '@elastic/elasticsearch';
import type { DiagnosticResult, TransportRequestParams } from '@elastic/transport';
import { itemError, type ElasticsearchReason } from './elasticsearch-errors.ts';

export interface ExactRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Record<string, unknown>;
  /** For the message of an error. */
  readonly index: string;
}

/**
 * The text of an answer, digit for digit: the client would parse its numbers to doubles. Null for a 404. Throws for every other
 * status that is none of success.
 */
export async function exactAnswer(
  client: Client,
  { index, ...request }: ExactRequest,
  signal: AbortSignal,
): Promise<string | null> {
  const { statusCode: status = 503, body } = await exactResult(client, request, signal);
  if (status === 404) return null;
  if (status >= 300) throw itemError(status, reasonIn(body), index);
  return body;
}

/** The same whatever its status, which the client does not look at where an answer is taken as a stream. */
export async function exactResult(
  client: Client,
  request: TransportRequestParams,
  signal?: AbortSignal,
): Promise<DiagnosticResult<string> & { readonly body: string }> {
  const result = await client.transport.request<NodeJS.ReadableStream>(request, {
    ...(signal === undefined ? {} : { signal }),
    asStream: true,
    meta: true,
  });
  return { ...result, body: await text(result.body) };
}

/** What stands between may answer an error in another form. */
export function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function reasonIn(body: string): ElasticsearchReason | undefined {
  return (jsonIn(body) as { readonly error?: ElasticsearchReason } | null)?.error;
}
