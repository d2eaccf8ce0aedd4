import { parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { metricsPlace } from '../../src/operator/metrics-place.ts';
import { OptionValues } from '../../src/operator/option-values.ts';

const TLS = { certFile: '/c.pem', keyFile: '/k.pem', clientCaFile: '/ca.pem' };

function place(auditor: object | undefined, listen?: string) {
  const config = parseConfig(
    JSON.stringify({
      pipeline: 'shop',
      source: { host: 'h', user: 'u', tables: ['a.b'] },
      kafka: { brokers: ['k:9092'] },
      auditor,
    }),
    {},
  );
  const given = new Map(listen === undefined ? [] : [['listen', [listen]]]);
  return metricsPlace(config, new OptionValues(given, 0));
}

test('the auditor listens where the file says, by the names that services have', () => {
  const tlsSetting = 'auditor.ops.metrics';
  const setting = 'auditor.ops.metricsPort';
  expect(place(undefined)).toEqual({ host: '127.0.0.1', port: 9094, tls: undefined, setting, tlsSetting });
  const ops = { host: '0.0.0.0', metricsPort: 9999, metrics: { tls: TLS } };
  const tls = { ...TLS, minVersion: 'TLSv1.2' };
  expect(place({ ops })).toEqual({ host: '0.0.0.0', port: 9999, tls, setting, tlsSetting });
  expect(place({ ops: { ...ops, metrics: { host: '::1' } } })).toMatchObject({ host: '::1', tls: undefined });
});

test('--listen takes the place of address and port, never of the certificate', () => {
  const tls = { ...TLS, minVersion: 'TLSv1.2' };
  expect(place({ ops: { metrics: { host: '10.0.0.7', tls: TLS } } }, '0.0.0.0:9095')).toMatchObject({
    host: '0.0.0.0',
    port: 9095,
    tls,
    setting: '--listen',
  });
  expect(() => place(undefined, '9094')).toThrow('--listen is "9094", but must be HOST:PORT');
});
