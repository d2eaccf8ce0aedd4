import { addressOf, type Operation, type PathParams } from './operation.ts';

const TIMEOUT_MS = 120_000;

/** A service did not answer, or refused; the message is one line for the user. */
export class CallFailed extends Error {}

export interface Call {
  /** Address of the service, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** What stands in the operation's path. */
  readonly params?: PathParams;
  readonly timeoutMs?: number;
}

/** Gives a service an order and returns its answer. Throws CallFailed: nobody answers, or the service's own reason. */
export async function call<Request, Wish, Answer, Reply>(
  service: Call,
  operation: Operation<Request, Wish, Answer, Reply>,
  wish: Wish,
): Promise<Answer> {
  const { status, body } = await ask(service, operation, wish);
  if (status !== operation.success) throw new CallFailed(reasonOf(status, body));
  return answerOf(service.url, operation, body);
}

/** As `call`, for a page whose status is part of what it says: 503 of `/health` has a body too. */
export async function look<Answer, Reply>(
  service: Call,
  operation: Operation<object, object, Answer, Reply>,
): Promise<Answer> {
  const { status, body } = await ask(service, operation, {});
  if (status !== operation.success && status !== 503) throw new CallFailed(reasonOf(status, body));
  return answerOf(service.url, operation, body);
}

/** Whether a probe says yes. Throws CallFailed when nobody answers. */
export async function probe({ url, timeoutMs = TIMEOUT_MS }: Call, path: '/readyz'): Promise<boolean> {
  const { status } = await send(new URL(path, url), { signal: AbortSignal.timeout(timeoutMs) });
  return status === 200;
}

function ask(
  { url, params = {}, timeoutMs = TIMEOUT_MS }: Call,
  operation: Parameters<typeof addressOf>[0],
  wish: unknown,
): Promise<Answered> {
  const signal = AbortSignal.timeout(timeoutMs);
  const page = new URL(addressOf(operation, params, wish), url);
  const headers = authorization();
  if (operation.method === 'GET') return send(page, { signal, headers });
  const json = { ...headers, 'content-type': 'application/json' };
  return send(page, { signal, method: 'POST', headers: json, body: JSON.stringify(wish) });
}

/** The token of whoever runs the command, for services that ask for one (`ops.tokensFile`). */
function authorization(): Record<string, string> {
  const token = process.env['SLUICE_OPS_TOKEN'] ?? '';
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

async function send(page: URL, request: RequestInit): Promise<Answered> {
  try {
    const response = await fetch(page, request);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    throw new CallFailed(
      `no service answers at ${page.origin}: is it running? (--url names another address)`,
      {
        cause: error,
      },
    );
  }
}

/** All of the body, and not the known members only: a later version may say more, and JSON output shows it. */
function answerOf<Answer, Reply>(
  url: string,
  { answer, path }: Pick<Operation<never, never, Answer, Reply>, 'answer' | 'path'>,
  body: unknown,
): Answer {
  const told = answer.safeParse(body);
  if (told.success) return body as Answer;
  const problems = told.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new CallFailed(`${url}${path} is no page of this version of Sluice: ${problems.join('; ')}`);
}

function reasonOf(status: number, body: unknown): string {
  const { error = `status ${status}`, code } = body as { error?: string; code?: string };
  if (status === 401) return `the service asks who you are (${error}): set SLUICE_OPS_TOKEN to your token`;
  return code === undefined ? error : `${code}: ${error}`;
}
