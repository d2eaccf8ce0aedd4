import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

function config(source: string, kafka = '', broker = 'k:9092'): string {
  return `
pipeline: shop
source: { host: db, user: cdc, tables: ['shop.*'] ${source} }
kafka: { brokers: ['${broker}'] ${kafka} }
`;
}
const PLAIN = ', sasl: { mechanism: plain, username: u, password: p }';

describe('tls', () => {
  test('an empty section, all of it, and off', () => {
    const of = (tls: string) => parseConfig(config(`, tls: ${tls}`), {}).source.tls;
    expect(of('{}')).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
    expect(of('')).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
    expect(of('off')).toBe('off');
    expect(of('{ caFile: a, certFile: b, keyFile: c, serverName: d, minVersion: TLSv1.3 }')).toEqual({
      caFile: 'a',
      certFile: 'b',
      keyFile: 'c',
      serverName: 'd',
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
    });
  });

  test('a variable sets a setting of the section', () => {
    const { source } = parseConfig(config(''), { SLUICE__SOURCE__TLS__CA_FILE: '/ca.pem' });
    expect(source.tls).toMatchObject({ caFile: '/ca.pem' });
  });

  test.each([
    ['{ certFile: a }', 'source.tls.keyFile: found nothing; certFile needs its private key'],
    ['{ keyFile: a }', 'source.tls.certFile: found nothing; keyFile needs its certificate'],
    ['{ serverName: 10.0.0.1 }', 'source.tls.serverName: found "10.0.0.1"; must be a host name'],
    ['{ serverName: a, rejectUnauthorized: false }', 'source.tls.serverName: found "a"; nobody checks it'],
    ['{ cafile: a }', 'source.tls.cafile: found an unknown setting; remove it, or: did you mean `caFile`?'],
    ['{ minVersion: TLSv1.1 }', 'source.tls.minVersion: found "TLSv1.1"; must be one of TLSv1.2, TLSv1.3'],
    ['on', 'source.tls: found "on"; must be a section of settings'],
  ])('%s is refused', (tls, message) => {
    expect(() => parseConfig(config(`, tls: ${tls}`), {})).toThrow(message);
  });

  test('SASL PLAIN without TLS goes to this host only, unless off is written', () => {
    expect(() => parseConfig(config('', PLAIN), {})).toThrow(
      'kafka.tls: found nothing; SASL PLAIN and OAUTHBEARER would send',
    );
    for (const [kafka, broker] of [
      [PLAIN, '127.0.0.1:1'],
      [`${PLAIN}, tls: {}`, 'k:1'],
      [`${PLAIN}, tls: off`, 'k:1'],
    ])
      expect(parseConfig(config('', kafka, broker), {}).kafka.sasl?.username).toBe('u');
  });
});

describe('sasl', () => {
  const of = (sasl: string) => parseConfig(config('', `, tls: {}, sasl: { ${sasl} }`), {}).kafka.sasl;
  const OAUTH = 'oauth: { url: https://a/b, clientId: c, clientSecret: d }';

  test('a token is given, or asked for', () => {
    expect(of('mechanism: oauthbearer, token: a')).toEqual({ mechanism: 'oauthbearer', token: 'a' });
    expect(of(`mechanism: oauthbearer, ${OAUTH}`)?.oauth).toMatchObject({ clientSecret: 'd' });
  });

  test.each([
    [
      'mechanism: oauthbearer',
      'kafka.sasl.token: found nothing; oauthbearer needs token or oauth, one of the two',
    ],
    [`mechanism: oauthbearer, token: a, ${OAUTH}`, 'oauthbearer needs token or oauth, one of the two'],
    [
      'mechanism: oauthbearer, token: a, username: u',
      'kafka.sasl.mechanism: found "oauthbearer"; oauthbearer takes no username',
    ],
    ['mechanism: plain, username: u', 'kafka.sasl.password: found nothing; plain needs a password'],
    [
      'mechanism: plain, username: u, password: p, token: a',
      'kafka.sasl.mechanism: found "plain"; plain takes no token',
    ],
    [
      `mechanism: oauthbearer, ${OAUTH.replace('https', 'http')}`,
      'kafka.sasl.oauth.url: found "http://a/b"; would send the client secret in clear',
    ],
  ])('%s is refused', (sasl, message) => {
    expect(() => of(sasl)).toThrow(message);
  });
});
