import type { OpsRole } from '@sluice/runtime';
import type { z } from 'zod';

/** Parts of a path by name, e.g. `{ id: 's1' }` for `/api/snapshots/:id/pause`. */
export type PathParams = Readonly<Record<string, string>>;

/**
 * One request of the ops API, declared once for the service that answers it and for whoever asks.
 * A service reads requests strictly: an unknown member is a mistake. Whoever asks reads answers loosely: a later version may say more.
 */
export interface Operation<Request, Wish, Answer, Reply> {
  readonly method: 'GET' | 'POST';
  /** `/api/v1/snapshots/:id/pause`: a part that begins with a colon stands for any text. */
  readonly path: string;
  /** Older paths of it, which services answer alike; nobody asks by them. */
  readonly aliases?: readonly string[];
  /** The query of a GET (each value is text, or a list of texts when its name comes more than once), the JSON body of a POST. */
  readonly request: z.ZodType<Request, Wish>;
  /** The JSON body of the answer. */
  readonly answer: z.ZodType<Answer, Reply>;
  /** Status of an answer that is one: 202 where the work continues after it. */
  readonly success: 200 | 202;
  /** What whoever asks must be. */
  readonly role: OpsRole;
  /** JSON that a POST without a body stands for, where older callers send none. */
  readonly bodyless?: string;
  /** One line for the description of the API. */
  readonly summary: string;
}

/** What a service is given by a request. */
export type OrderOf<T> =
  T extends Operation<infer Request, infer _Wish, infer _Answer, infer _Reply> ? Request : never;

/** What whoever asks is given by an answer. */
export type AnswerOf<T> =
  T extends Operation<infer _Request, infer _Wish, infer Answer, infer _Reply> ? Answer : never;

/** Declares an operation; its types come from the schemas. */
export function operation<Request, Wish, Answer, Reply>(
  declared: Omit<Operation<Request, Wish, Answer, Reply>, 'success'> & { readonly success?: 202 },
): Operation<Request, Wish, Answer, Reply> {
  return { success: 200, ...declared };
}

/** The path with its parts filled in, and for a GET the query. Throws RangeError for a part that is not given. */
export function addressOf(
  { method, path }: Pick<Operation<never, never, never, never>, 'method' | 'path'>,
  params: PathParams,
  wish: unknown,
): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const text = params[name];
    if (text === undefined) throw new RangeError(`${path} needs ${name}`);
    return encodeURIComponent(text);
  });
  const query = method === 'GET' ? queryOf(wish) : '';
  return query === '' ? filled : `${filled}?${query}`;
}

function queryOf(wish: unknown): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wish ?? {}))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined) query.append(name, String(each));
  return query.toString();
}
