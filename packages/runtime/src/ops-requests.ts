import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PipelineError } from './errors.ts';
import type { Logger } from './log.ts';
import type { Histogram } from './metrics.ts';
import type { OpsAudit } from './ops-audit.ts';
import type { Principal } from './ops-access.ts';
import { addressOfClient, bodyOf, guard, refusal, type GuardOptions } from './ops-guard.ts';
import { findRoute, type FoundRoute, type OpsResponse, type OpsRoute } from './ops-routes.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export interface OpsListenerOptions extends GuardOptions {
  readonly routes: readonly OpsRoute[];
  /** Null where nothing is kept of orders and refusals. */
  readonly audit: OpsAudit | null;
  readonly duration: Histogram<'route' | 'method' | 'status'>;
  readonly log: Logger | undefined;
}

/** What comes to be known of a request while it is answered. */
interface Seen {
  who: Principal | null;
  body: string;
  isAdmitted: boolean;
}

/** Answers every request, whatever it holds: nothing that a client sends, and nothing that a route throws, gets past it. */
export function opsListener(options: OpsListenerOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const stop = options.duration.startTimer();
    const found = findRoute(options.routes, request);
    const seen: Seen = { who: null, body: '', isAdmitted: false };
    answer(options, request, found, seen)
      .catch((error: unknown) => {
        tell(options.log, found, error);
        return failure(error);
      })
      .then(async (answered) => {
        await options.audit?.note(asked(request, found, seen, answered));
        if (answered.stream === undefined) respondJson(response, answered, request.method === 'HEAD');
        else await respondStream(response, answered.status, answered.stream);
        stop({
          route: found.route?.path ?? 'unknown',
          method: found.route?.method ?? 'other',
          status: answered.status,
        });
      })
      .catch(() => response.destroy());
  };
}

async function answer(
  options: OpsListenerOptions,
  request: IncomingMessage,
  found: FoundRoute,
  seen: Seen,
): Promise<OpsResponse> {
  const verdict = await guard(options, request, found);
  seen.who = verdict.who;
  const { route, params, query } = found;
  if (verdict.refusal !== null || route === undefined) return verdict.refusal ?? refusal(404, 'no such page');
  const body = route.method === 'GET' ? '' : await bodyOf(request, route.bodyless);
  if (typeof body !== 'string') return body;
  seen.body = body;
  seen.isAdmitted = true;
  return route.handle({
    query: new URLSearchParams(query),
    params,
    principal: verdict.who?.name ?? null,
    body,
  });
}

/** For the audit. */
function asked(
  request: IncomingMessage,
  { route, params, allowed }: FoundRoute,
  seen: Seen,
  { status, body }: OpsResponse,
): Parameters<OpsAudit['note']>[0] {
  const { method = '' } = request;
  const isReading = method === 'GET' || method === 'HEAD';
  return {
    address: addressOfClient(request),
    method,
    route: route?.path ?? 'unknown',
    params,
    ...seen,
    isOrder: !isReading && allowed.length > 0,
    status,
    code: codeOf(body),
  };
}

function codeOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('code' in body)) return null;
  return typeof body.code === 'string' ? body.code : null;
}

/** Who asked may be a script that looks at nothing: what went wrong in the service stands in its log too. */
function tell(log: Logger | undefined, { route }: FoundRoute, error: unknown): void {
  const level = error instanceof PipelineError ? 'warn' : 'error';
  const asked = { method: route?.method, route: route?.path };
  log?.[level]({ event: 'ops.failed', ...asked, err: error }, 'a request to the ops API failed');
}

function failure(error: unknown): OpsResponse {
  if (!(error instanceof PipelineError)) return refusal(500, 'internal error');
  return {
    status: error.errorClass === 'retryable' ? 503 : 400,
    body: { error: error.message, code: error.code },
  };
}

function respondJson(
  response: ServerResponse,
  { status, body, headers }: OpsResponse,
  isHead: boolean,
): void {
  respond(response, { status, contentType: JSON_TYPE, text: `${JSON.stringify(body)}\n`, isHead, headers });
}

/** Without a length: whoever is cut off in the middle of it sees that. */
async function respondStream(response: ServerResponse, status: number, stream: Readable): Promise<void> {
  response.writeHead(status, { 'content-type': JSON_TYPE, ...HEADERS });
  await pipeline(stream, response);
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** Whether only its head was asked for. */
  readonly isHead: boolean;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function respond(
  response: ServerResponse,
  { status, contentType, text, isHead, headers }: Page,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    ...HEADERS,
    ...headers,
  });
  response.end(isHead ? undefined : text);
}
