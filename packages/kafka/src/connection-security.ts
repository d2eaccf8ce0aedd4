import { readClientTls, type KafkaConfig, type TlsFiles } from '@sluice/runtime';
import type { Authenticator, SASLOptions } from 'kafkajs';
import { changes, loggingIn, loginSecret, tokenRefused } from './login.ts';

type Sasl = NonNullable<KafkaConfig['sasl']>;

/** Reads the certificate files of `kafka.tls`; undefined when the connection is not encrypted. Throws CONFIG_INVALID. */
export function tlsOptions({ tls }: KafkaConfig): TlsFiles | undefined {
  return tls === undefined || tls === 'off' ? undefined : readClientTls(tls, 'kafka.tls');
}

/** TLS and login of kafkajs. */
export function kafkajsSecurity(kafka: KafkaConfig): {
  readonly ssl?: TlsFiles;
  readonly sasl?: SASLOptions;
} {
  const tls = tlsOptions(kafka);
  return {
    ...(tls === undefined ? {} : { ssl: { ...tls } }),
    ...(kafka.sasl === undefined ? {} : { sasl: saslOptions(kafka.sasl) }),
  };
}

function saslOptions(sasl: Sasl): SASLOptions {
  const { mechanism, username = '', password } = sasl;
  if (mechanism === 'oauthbearer') {
    const options = { mechanism, oauthBearerProvider: async () => ({ value: await loginSecret(sasl) }) };
    return aroundLogin(options, (builtIn) => (its) => {
      const login = builtIn({ ...its, saslAuthenticate: refusing(its.saslAuthenticate) });
      return { authenticate: () => loggingIn(sasl, () => login.authenticate()) };
    });
  }
  const login = { username, password: typeof password === 'string' ? password : '' };
  if (changes(sasl))
    // kafkajs takes a password once, and reads it where it was given at each login.
    aroundLogin(login, (builtIn) => (its) => ({
      authenticate: async () => {
        login.password = await loginSecret(sasl);
        await loggingIn(sasl, () => builtIn(its).authenticate());
      },
    }));
  // One branch per mechanism: the client's type ties each to its own shape.
  if (mechanism === 'plain') return Object.assign(login, { mechanism });
  if (mechanism === 'scram-sha-256') return Object.assign(login, { mechanism });
  return Object.assign(login, { mechanism });
}

interface LoginParts {
  readonly saslAuthenticate: (exchange: {
    readonly request: unknown;
    readonly response?: unknown;
  }) => Promise<unknown>;
}
type Provider = (its: LoginParts) => Authenticator;

/** kafkajs keeps its code of a mechanism in `authenticationProvider` of the options that it is given: whatever it puts there is wrapped. */
function aroundLogin<T extends object>(options: T, wrap: (builtIn: Provider) => Provider): T {
  let provider: Provider | undefined;
  return Object.defineProperty(options, 'authenticationProvider', {
    get: () => provider,
    set: (builtIn: Provider) => {
      provider = wrap(builtIn);
    },
  });
}

/** RFC 7628, 3.2.2: a broker that refuses a token says so in an answer that is no error yet, and that kafkajs does not read. */
function refusing(saslAuthenticate: LoginParts['saslAuthenticate']): LoginParts['saslAuthenticate'] {
  const response = {
    // Four bytes for its length come first.
    decode: (bytes: Buffer) => Promise.resolve(bytes.length > 4),
    parse: (isRefused: boolean) => {
      if (isRefused) throw tokenRefused();
    },
  };
  return ({ request }) => saslAuthenticate({ request, response });
}
