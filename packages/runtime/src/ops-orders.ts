import type { z } from 'zod';
import type { OpsResponse } from './ops-servers.ts';

type Work<T> = (order: T) => OpsResponse | Promise<OpsResponse>;

/** Answers a POST whose body must be JSON of this shape; a 400 names every problem of one that is not. */
export async function withBody<T>(schema: z.ZodType<T>, body: string, work: Work<T>): Promise<OpsResponse> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { status: 400, body: { error: 'the body is not JSON' } };
  }
  return withOrder(schema, parsed, work);
}

/** Answers a GET whose query must have this shape; a 400 names every problem of one that has not. */
export async function withQuery<T>(
  schema: z.ZodType<T>,
  query: URLSearchParams,
  work: Work<T>,
): Promise<OpsResponse> {
  return withOrder(schema, Object.fromEntries(query), work);
}

async function withOrder<T>(schema: z.ZodType<T>, value: unknown, work: Work<T>): Promise<OpsResponse> {
  const order = schema.safeParse(value);
  if (order.success) return work(order.data);
  const problems = order.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return { status: 400, body: { error: problems.join('; ') } };
}
