import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { PipelineError } from './errors.ts';
import type { Histogram } from './metrics.ts';
import { isDenial, type OpsAccess, type OpsRole } from './ops-access.ts';

/** Bodies of operator commands are a few settings; more is a mistake. */
const BODY_BYTES_MAX = 65_536;
/** RFC 6750, section 3. */
const CHALLENGE = { 'www-authenticate': 'Bearer' };

export interface OpsRequest {
  readonly query: URLSearchParams;
  /** What stands in the path for the `:name` parts of the route's. */
  readonly params: Readonly<Record<string, string>>;
  /** Body of a POST, at most 64 KiB; `''` for a GET. */
  readonly body: string;
  /** Who asks; null where nobody has to say. */
  readonly principal: string | null;
}

export interface OpsResponse {
  readonly status: number;
  /** Written as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A POST must say `content-type: application/json`, which no web page can send across origins unasked. */
export interface OpsRoute {
  readonly method: 'GET' | 'POST';
  /** `/api/v1/jobs/:id/pause`: a part that begins with a colon stands for any text. */
  readonly path: string;
  /** Older paths that lead to it, under the same guard. */
  readonly aliases?: readonly string[] | undefined;
  /** Body that a POST with none, and without a media type, stands for; such a request is refused where this is not said. */
  readonly bodyless?: string | undefined;
  /** What whoever asks must be; `anyone` needs no token, for probes. */
  readonly role: OpsRole | 'anyone';
  handle(request: OpsRequest): OpsResponse | Promise<OpsResponse>;
}

export interface OpsListenerOptions {
  readonly routes: readonly OpsRoute[];
  /** Names, in lower case, that a client may reach this service by, besides those that no web page can take. */
  readonly allowedHosts: readonly string[];
  readonly access: OpsAccess;
  /** Path of the settings in sluice.yaml, e.g. `capture.ops`. */
  readonly setting: string;
  readonly duration: Histogram<'route' | 'method' | 'status'>;
}

/** Answers every request, whatever it holds: nothing that a client sends, and nothing that a route throws, gets past it. */
export function opsListener(options: OpsListenerOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const stop = options.duration.startTimer();
    const found = findRoute(options.routes, request);
    answer(options, request, found)
      .catch((error: unknown) => failure(error))
      .then((answered) => {
        respondJson(response, answered, request.method === 'HEAD');
        stop({
          route: found.route?.path ?? 'unknown',
          method: found.route?.method ?? 'other',
          status: answered.status,
        });
      })
      .catch(() => response.destroy());
  };
}

interface Found {
  readonly route: OpsRoute | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  /** Methods that the path has. */
  readonly allowed: readonly string[];
}

/** The target is cut by hand: not every one that arrives is a URL. */
function findRoute(routes: readonly OpsRoute[], { url = '', method }: IncomingMessage): Found {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const fitting = routes.flatMap((route) => {
    const params = [route.path, ...(route.aliases ?? [])]
      .map((known) => paramsOf(known, path))
      .find((some) => some !== null);
    return params === undefined ? [] : [{ route, params }];
  });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = fitting.find(({ route }) => route.method === wanted);
  return {
    route: found?.route,
    params: found?.params ?? {},
    query: mark < 0 ? '' : url.slice(mark + 1),
    allowed: fitting.flatMap((each) => (each.route.method === 'GET' ? ['GET', 'HEAD'] : ['POST'])),
  };
}

/** The texts of the `:name` parts; null when the path is not the pattern's. */
function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, found] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = found[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(text);
    else if (part !== text) return null;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function answer(
  { allowedHosts, access, setting }: OpsListenerOptions,
  request: IncomingMessage,
  { route, params, query, allowed }: Found,
): Promise<OpsResponse> {
  if (!isOwnName(request.headers.host ?? '', allowedHosts))
    return refusal(421, `the service is not known by this name: add it to ${setting}.allowedHosts`);
  if (isOfWebPage(request)) return refusal(403, 'web pages may not ask this service');
  if (route === undefined && allowed.length === 0) return refusal(404, 'no such page');
  if (route === undefined)
    return { ...refusal(405, `send ${allowed.join(' or ')}`), headers: { allow: allowed.join(', ') } };
  const who = route.role === 'anyone' ? null : await access.admit(request.headers.authorization, route.role);
  if (isDenial(who))
    return { ...refusal(who.status, who.error), headers: who.status === 401 ? CHALLENGE : {} };
  const parts = { query: new URLSearchParams(query), params, principal: who?.name ?? null };
  if (route.method === 'GET') return route.handle({ ...parts, body: '' });
  const body = await bodyOf(request, route.bodyless);
  return typeof body === 'string' ? route.handle({ ...parts, body }) : body;
}

/**
 * Whoever opens a page by hand sends no origin; for an order a browser says both where it comes from (Fetch standard, "Origin
 * header"; Fetch Metadata).
 */
function isOfWebPage({ headers, method }: IncomingMessage): boolean {
  if (headers.origin !== undefined) return true;
  return method !== 'GET' && method !== 'HEAD' && headers['sec-fetch-site'] !== undefined;
}

/** The text of an order, or why it is none. */
async function bodyOf(request: IncomingMessage, bodyless: string | undefined): Promise<string | OpsResponse> {
  const type = request.headers['content-type'];
  if (type === undefined && bodyless !== undefined && (await readBody(request)) === '') return bodyless;
  if (!isJson(type ?? '')) return refusal(415, 'send content-type: application/json');
  return (await readBody(request)) ?? refusal(413, 'body too large');
}

function refusal(status: number, error: string): OpsResponse {
  return { status, body: { error } };
}

/**
 * A web page can make any name of its own lead to this address (DNS rebinding), but no address, no name without a dot and none of a
 * private zone: RFC 6761, RFC 6762, Kubernetes' `svc`.
 */
function isOwnName(host: string, allowed: readonly string[]): boolean {
  const name = host
    .replace(/:\d*$/u, '')
    .replace(/^\[(.*)\]$/u, '$1')
    .replace(/\.$/u, '')
    .toLowerCase();
  if (isIP(name) !== 0 || !name.includes('.') || allowed.includes(name)) return true;
  return /\.(?:localhost|local|internal|svc)$|\.svc\./u.test(name);
}

function isJson(contentType: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
  const contentType = 'application/json; charset=utf-8';
  respond(response, { status, contentType, text: `${JSON.stringify(body)}\n`, isHead, headers });
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
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(isHead ? undefined : text);
}
