import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { misdirected, type ServiceIdentity } from './ops-meant.ts';
import { isDenial, type OpsAccess, type Principal, type ShownCertificate } from './ops-access.ts';
import type { FoundRoute, OpsResponse } from './ops-routes.ts';
import { clientOf, type TokenBuckets } from './token-buckets.ts';

/** Bodies of operator commands are a few settings; more is a mistake. */
const BODY_BYTES_MAX = 65_536;
/** RFC 6750, section 3. */
const CHALLENGE = { 'www-authenticate': 'Bearer' };

export interface GuardOptions {
  /** Names, in lower case, that a client may reach this service by, besides those that no web page can take. */
  readonly allowedHosts: readonly string[];
  readonly access: OpsAccess;
  /** Path of the settings in sluice.yaml, e.g. `capture.ops`. */
  readonly setting: string;
  /** Who answers; null: a process that is no service, and takes every request for its own. */
  readonly own: ServiceIdentity | null;
  /** How often an address may ask. */
  readonly rate: TokenBuckets;
}

/** Who has been let in, or the answer instead. Probes are answered however often they come: an answer that fails ends a process. */
export interface Verdict {
  readonly who: Principal | null;
  readonly refusal: OpsResponse | null;
}

export async function guard(
  { allowedHosts, access, setting, own, rate }: GuardOptions,
  request: IncomingMessage,
  { route, allowed }: FoundRoute,
): Promise<Verdict> {
  const no = (refused: OpsResponse, who: Principal | null = null): Verdict => ({ who, refusal: refused });
  const waitSeconds = route?.role === 'anyone' ? 0 : rate.take(clientOf(addressOfClient(request)));
  if (waitSeconds > 0)
    return no({
      ...refusal(429, 'too many requests from this address'),
      headers: { 'retry-after': String(Math.ceil(waitSeconds)) },
    });
  if (!isOwnName(request.headers.host ?? '', allowedHosts))
    return no(refusal(421, `the service is not known by this name: add it to ${setting}.allowedHosts`));
  if (isOfWebPage(request)) return no(refusal(403, 'web pages may not ask this service'));
  if (route === undefined && allowed.length === 0) return no(refusal(404, 'no such page'));
  if (route === undefined)
    return no({ ...refusal(405, `send ${allowed.join(' or ')}`), headers: { allow: allowed.join(', ') } });
  if (route.role === 'anyone') return { who: null, refusal: null };
  const shown = { authorization: request.headers.authorization, certificate: certificateOf(request) };
  const who = await access.admit(shown, route.role);
  if (!isDenial(who)) {
    const wrong = own === null ? null : misdirected(own, request.headers);
    return wrong === null ? { who, refusal: null } : no(refusal(421, wrong), who);
  }
  const headers = who.status === 401 ? CHALLENGE : {};
  return no({ ...refusal(who.status, who.error), headers }, who.who);
}

export function refusal(status: number, error: string): OpsResponse {
  return { status, body: { error } };
}

export function addressOfClient({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unknown';
}

/** Null over a connection without TLS, or when the client shows none. */
function certificateOf({ socket }: IncomingMessage): ShownCertificate | null {
  if (!(socket instanceof TLSSocket)) return null;
  // An empty object when there is none; the types do not say so.
  const subject = (socket.getPeerCertificate() as { subject?: { CN?: string | string[] } }).subject;
  if (subject === undefined) return null;
  return { name: typeof subject.CN === 'string' ? subject.CN : null, isTrusted: socket.authorized };
}

/**
 * Whoever opens a page by hand sends no origin; for an order a browser says both where it comes from (Fetch standard, "Origin
 * header"; Fetch Metadata).
 */
function isOfWebPage({ headers, method }: IncomingMessage): boolean {
  if (headers.origin !== undefined) return true;
  return method !== 'GET' && method !== 'HEAD' && headers['sec-fetch-site'] !== undefined;
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

/** The text of an order, or why it is none. */
export async function bodyOf(
  request: IncomingMessage,
  bodyless: string | undefined,
): Promise<string | OpsResponse> {
  const type = request.headers['content-type'];
  if (type === undefined && bodyless !== undefined && (await readBody(request)) === '') return bodyless;
  if (!isJson(type ?? '')) return refusal(415, 'send content-type: application/json');
  return (await readBody(request)) ?? refusal(413, 'body too large');
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
