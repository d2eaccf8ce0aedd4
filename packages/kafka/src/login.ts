import { loginRefused, loginTaken, PipelineError, readSecret, type KafkaConfig } from '@sluice/runtime';
import { toPipelineError } from './errors.ts';
import { clientCredentialsToken } from './oauth-token.ts';

type Sasl = NonNullable<KafkaConfig['sasl']>;

/** `b64token` of RFC 6750, 2.1: the bytes that end a field of RFC 7628 cannot be in it. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** Whether each login has to read a file, run a command, or ask for a token. */
export function changes({ mechanism, password }: Sasl): boolean {
  return mechanism !== 'oauthbearer' && typeof password !== 'string';
}

/** Of a broker: its own words may have the token in them. */
export function tokenRefused(): PipelineError {
  return new PipelineError('KAFKA_AUTH_FAILED', 'the broker refused the access token of kafka.sasl');
}

/**
 * The password or the token for one login.
 * @throws SECRET_UNAVAILABLE when there is none to be had now, KAFKA_AUTH_FAILED when the OAuth server refuses the client
 */
export async function loginSecret({ mechanism, password, token, oauth }: Sasl): Promise<string> {
  if (mechanism !== 'oauthbearer') return await readSecret(password ?? '');
  const text = oauth === undefined ? await readSecret(token ?? '') : await clientCredentialsToken(oauth);
  if (TOKEN.test(text)) return text;
  throw new PipelineError('SECRET_UNAVAILABLE', 'kafka.sasl: what was given is no access token (RFC 6750)');
}

/** Does one login. @throws SECRET_REFUSED in the place of KAFKA_AUTH_FAILED, while a secret that was good may be changing */
export async function loggingIn<T>({ password, token, oauth }: Sasl, login: () => Promise<T>): Promise<T> {
  const secret = oauth?.clientSecret ?? token ?? password;
  try {
    const done = await login();
    loginTaken(secret);
    return done;
  } catch (error) {
    throw toPipelineError(error).code === 'KAFKA_AUTH_FAILED' ? loginRefused(secret, error) : error;
  }
}
