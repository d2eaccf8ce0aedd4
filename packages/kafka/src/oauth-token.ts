import { readFileSync } from 'node:fs';
import { request as requestInClear, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { PipelineError, readSecret, type KafkaConfig } from '@sluice/runtime';

type Credentials = NonNullable<NonNullable<KafkaConfig['sasl']>['oauth']>;

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 65_536;
/** `error` of RFC 6749, 5.2; the other members of such an answer are not told. */
const ERROR = /^[a-z_]{1,40}$/;

/**
 * An access token by the client credentials grant (RFC 6749, 4.4), from an answer of at most 64 KiB, within 10 s.
 * @throws KAFKA_AUTH_FAILED when the server refuses the client, SECRET_UNAVAILABLE when it gives none for another reason
 */
export async function clientCredentialsToken(credentials: Credentials): Promise<string> {
  const { url, scope } = credentials;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === undefined ? {} : { scope }),
  });
  const secret = await readSecret(credentials.clientSecret);
  const { status, body } = await posted(credentials, form.toString(), secret).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new PipelineError('SECRET_UNAVAILABLE', `kafka.sasl.oauth: ${url} gave no token: ${code}`, {
      cause: error,
    });
  });
  const answer = parsed(body);
  const token = answer['access_token'];
  if (status === 200 && typeof token === 'string') return token;
  const reason =
    typeof answer['error'] === 'string' && ERROR.test(answer['error']) ? ` ${answer['error']}` : '';
  throw new PipelineError(
    status === 400 || status === 401 ? 'KAFKA_AUTH_FAILED' : 'SECRET_UNAVAILABLE',
    `kafka.sasl.oauth: ${url} gave no token: status ${status}${reason}`,
  );
}

async function posted(
  { url: text, clientId, caFile }: Credentials,
  form: string,
  secret: string,
): Promise<{ readonly status: number; readonly body: string }> {
  // RFC 6749, 2.3.1: both are encoded as a form is, before they are a login.
  const [user, password] = [clientId, secret].map((part) =>
    new URLSearchParams({ p: part }).toString().slice(2),
  );
  const url = new URL(text);
  const sent = (url.protocol === 'https:' ? request : requestInClear)(url, {
    method: 'POST',
    auth: `${user}:${password}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  });
  sent.end(form);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw Object.assign(new Error(), { code: `more than ${MAX_BYTES} bytes` });
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
