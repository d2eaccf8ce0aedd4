import { Readable } from 'node:stream';
import type { OpsRequest, OpsResponse, OpsRoute } from '@sluice/runtime';
import type { z } from 'zod';
import type { Operation, PathParams } from './operation.ts';

/** An answer that is a refusal: `status` and one sentence. */
export class Refusal {
  readonly status: 404 | 503;
  readonly reason: string;

  constructor(status: 404 | 503, reason: string) {
    this.status = status;
    this.reason = reason;
  }
}

/** An answer as it is declared, as a value or as its JSON, or why there is none. */
type Work<Reply> = Reply | Readable | Refusal;

/**
 * The route of an operation. A request that has not its shape gets 400 with every problem named; a PipelineError that `work`
 * throws becomes an answer with its code.
 */
export function routeOf<Request, Wish, Answer, Reply>(
  { method, path, aliases, role, bodyless, request, success }: Operation<Request, Wish, Answer, Reply>,
  work: (order: Request, params: PathParams) => Work<Reply> | Promise<Work<Reply>>,
): OpsRoute {
  return {
    method,
    path,
    aliases,
    role,
    bodyless,
    handle: async (asked) => {
      const order = orderOf(request, method, asked);
      if (!order.isFit) return order.problem;
      const reply = await work(order.value, asked.params);
      if (reply instanceof Refusal) return { status: reply.status, body: { error: reply.reason } };
      if (reply instanceof Readable) return { status: success, body: null, stream: reply };
      return { status: success, body: reply };
    },
  };
}

/** A name that comes more than once has a list of texts. */
function queried(query: URLSearchParams): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const texts = query.getAll(name);
      return [name, texts.length === 1 ? texts[0] : texts];
    }),
  );
}

type Order<T> =
  { readonly isFit: true; readonly value: T } | { readonly isFit: false; readonly problem: OpsResponse };

function orderOf<T>(
  schema: z.ZodType<T>,
  method: OpsRoute['method'],
  { body, query, principal }: OpsRequest,
): Order<T> {
  let given: unknown = queried(query);
  try {
    if (method === 'POST') given = JSON.parse(body);
  } catch {
    return { isFit: false, problem: { status: 400, body: { error: 'the body is not JSON' } } };
  }
  // Whoever has shown who he is gives orders under no other name.
  if (method === 'POST' && principal !== null && isObject(given)) given = { ...given, by: principal };
  const order = schema.safeParse(given);
  if (order.success) return { isFit: true, value: order.data };
  const problems = order.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return { isFit: false, problem: { status: 400, body: { error: problems.join('; ') } } };
}

function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
