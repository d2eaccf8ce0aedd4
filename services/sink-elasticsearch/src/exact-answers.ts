import { text } from 'node:stream/consumers';
import type { Client } from '@elastic/elasticsearch';
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
 * status that is none of success: of an answer that is taken as a stream the client itself does not.
 */
export async function exactAnswer(
  client: Client,
  { method, path, body, index }: ExactRequest,
  signal: AbortSignal,
): Promise<string | null> {
  const answer = await client.transport.request(
    body === undefined ? { method, path } : { method, path, body },
    { signal, asStream: true, ignore: [404], meta: true },
  );
  const read = await text(answer.body as NodeJS.ReadableStream);
  const status = answer.statusCode ?? 503;
  if (status === 404) return null;
  if (status >= 300) throw itemError(status, reasonIn(read), index);
  return read;
}

function reasonIn(body: string): ElasticsearchReason | undefined {
  try {
    return (JSON.parse(body) as { error?: ElasticsearchReason }).error;
  } catch {
    return undefined;
  }
}
