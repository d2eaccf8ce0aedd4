import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestByTls } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { headersOf, type Meant } from '@sluice/runtime';
import { addressOf, type Operation, type PathParams } from './operation.ts';

const TIMEOUT_MS = 120_000;

/** `silent`: nobody answers. `foreign`: what answers is no service of Sluice, or cannot be trusted. `refused`: a service that does not do it. */
export type CallProblem = 'silent' | 'foreign' | 'refused';

/** A service did not answer, or refused; the message is one line for the user. */
export class CallFailed extends Error {
  readonly problem: CallProblem;
  /** Whether who answers says that it is not the one that is meant (421). */
  readonly isMisdirected: boolean;

  constructor(
    problem: CallProblem,
    message: string,
    options: ErrorOptions & { readonly isMisdirected?: boolean } = {},
  ) {
    super(message, options);
    this.problem = problem;
    this.isMisdirected = options.isMisdirected ?? false;
  }
}

export interface Call {
  /** Address of the service, e.g. `http://127.0.0.1:8080`, or one with https. */
  readonly url: string;
  /** What stands in the operation's path. */
  readonly params?: PathParams;
  readonly timeoutMs?: number | undefined;
  /** Who is meant: another that answers there refuses. Undefined: whoever answers. */
  readonly meant?: Meant | undefined;
  /** Undefined: that of SLUICE_OPS_TOKEN. */
  readonly token?: string | undefined;
  /** Certificates of authorities, as PEM; undefined: those of Node.js. */
  readonly ca?: string | undefined;
}

/** Gives a service an order and returns its answer. Throws CallFailed: nobody answers, or the service's own reason. */
export async function call<Request, Wish, Answer, Reply>(
  service: Call,
  operation: Operation<Request, Wish, Answer, Reply>,
  wish: Wish,
): Promise<Answer> {
  const { status, body } = await ask(service, operation, wish);
  if (status !== operation.success) throw refused(service, status, body);
  return answerOf(service.url, operation, body);
}

/** As `call`, for a page whose status is part of what it says: 503 of `/health` has a body too. */
export async function look<Answer, Reply>(
  service: Call,
  operation: Operation<object, object, Answer, Reply>,
): Promise<Answer> {
  const { status, body } = await ask(service, operation, {});
  if (status !== operation.success && status !== 503)
    throw REFUSALS.has(status)
      ? refused(service, status, body)
      : new CallFailed('foreign', reasonOf(service, status, body));
  return answerOf(service.url, operation, body);
}

/**
 * As `call`, for an answer that is large: its JSON goes into a new file that only its owner can read.
 * @returns bytes of the file
 */
export async function download<Request, Wish, Answer, Reply>(
  service: Call,
  operation: Operation<Request, Wish, Answer, Reply>,
  wish: Wish,
  file: string,
): Promise<number> {
  const response = await send(service, operation, wish);
  if (response.statusCode !== operation.success) {
    const { status, body } = await answered(service, response);
    throw refused(service, status, body);
  }
  const written = createWriteStream(file, { mode: 0o600, flags: 'wx' });
  try {
    await pipeline(response, written);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CallFailed('silent', `${file} is not written, or not whole: ${reason}`, { cause: error });
  }
  return written.bytesWritten;
}

async function ask(
  service: Call,
  operation: Parameters<typeof addressOf>[0],
  wish: unknown,
): Promise<Answered> {
  return answered(service, await send(service, operation, wish));
}

/** The head of an answer; throws CallFailed when there is none. */
async function send(
  { url, params = {}, ca, timeoutMs = TIMEOUT_MS, token, meant = {} }: Call,
  operation: Parameters<typeof addressOf>[0],
  wish: unknown,
): Promise<IncomingMessage> {
  const page = new URL(addressOf(operation, params, wish), url);
  const { method } = operation;
  const json = method === 'POST' ? { 'content-type': 'application/json' } : {};
  const headers = { ...authorization(token), ...headersOf(meant), ...json };
  const request = page.protocol === 'https:' ? requestByTls : requestPlain;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const trust = ca === undefined ? {} : { ca };
    const sent = request(page, { method, headers, ...trust, signal, agent: false });
    sent.end(method === 'POST' ? JSON.stringify(wish) : '');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  } catch (error) {
    throw noAnswer(page, error);
  }
}

async function answered({ url }: Call, response: IncomingMessage): Promise<Answered> {
  const page = new URL(url);
  try {
    return { status: response.statusCode ?? 0, body: bodyOf(page, await text(response)) };
  } catch (error) {
    throw error instanceof CallFailed ? error : noAnswer(page, error);
  }
}

/** The token of whoever runs the command, for services that ask for one (`ops.tokensFile`). */
function authorization(given: string | undefined): Record<string, string> {
  const token = given ?? process.env['SLUICE_OPS_TOKEN'] ?? '';
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** Of whoever asks: no token, not the role, too often, by a name that is not the service's. Every service has the pages. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 421, 429]);

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

function bodyOf({ origin }: URL, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const message = `what answers at ${origin} is no service of Sluice: its answer is not JSON`;
    throw new CallFailed('foreign', message, { cause: error });
  }
}

/** Names of Node.js and OpenSSL for a certificate that is not taken. */
const CERTIFICATE = /CERT|SIGNED|ERR_TLS|UNABLE_TO/u;

function noAnswer({ origin }: URL, cause: unknown): CallFailed {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const [problem, message] = ((): readonly [CallProblem, string] => {
    if (CERTIFICATE.test(code))
      return [
        'foreign',
        `the certificate of ${origin} is not trusted (${code}): --ca-file names its authority, --url the service by a name in the certificate`,
      ];
    if (code === 'EPROTO')
      return ['foreign', `no https is spoken at ${origin}: does the service listen without ops.tls?`];
    if (code.startsWith('HPE_')) return ['foreign', `what answers at ${origin} speaks no HTTP (${code})`];
    return ['silent', `no service answers at ${origin}: is it running? (--url names another address)`];
  })();
  return new CallFailed(problem, message, { cause });
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
  throw new CallFailed(
    'foreign',
    `${url}${path} is no page of this version of Sluice: ${problems.join('; ')}`,
  );
}

function refused(service: Call, status: number, body: unknown): CallFailed {
  return new CallFailed('refused', reasonOf(service, status, body), { isMisdirected: status === 421 });
}

function reasonOf({ url }: Call, status: number, body: unknown): string {
  const { error = `status ${status}`, code } = (body ?? {}) as { error?: string; code?: string };
  if (status === 401)
    return `the service asks who you are (${error}): set SLUICE_OPS_TOKEN to your token, or name its file by --token-file`;
  if (status === 421) return `${new URL(url).origin}: ${error}; --url and \`ops\` of the file name addresses`;
  return code === undefined ? error : `${code}: ${error}`;
}
