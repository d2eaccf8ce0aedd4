import { AuthenticationError, NetworkError, ResponseError, UserError } from '@platformatic/kafka';
import { PipelineError } from '@sluice/runtime';
import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { toPipelineError } from '../src/index.ts';
import { errorOfCode } from '../src/errors.ts';

const protocol = (code: number, type: string) =>
  new kafkajs.KafkaJSProtocolError(Object.assign(new Error('words'), { code, type }));
const retriesOver = (cause: Error) =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 1 });
const socketError = (code: string) => Object.assign(new Error('words'), { code });
const response = (code: number) => new ResponseError(0, 9, { '/responses/0': [code, null] }, {});

describe('errors of both client libraries, by code', () => {
  test.each([
    ['kafkajs protocol', protocol(29, 'TOPIC_AUTHORIZATION_FAILED'), 'KAFKA_NOT_AUTHORIZED'],
    ['kafkajs, retries over', retriesOver(protocol(6, 'NOT_LEADER_FOR_PARTITION')), 'KAFKA_UNREACHABLE'],
    ['kafkajs too large', protocol(10, 'MESSAGE_TOO_LARGE'), 'KAFKA_MESSAGE_TOO_LARGE'],
    ['kafkajs connection', new kafkajs.KafkaJSConnectionError('words'), 'KAFKA_UNREACHABLE'],
    [
      'kafkajs SASL',
      Reflect.construct(kafkajs.KafkaJSSASLAuthenticationError, ['words']),
      'KAFKA_AUTH_FAILED',
    ],
    ['kafkajs, not answered when it connected', new Error('Broker not connected'), 'KAFKA_UNREACHABLE'],
    ['kafkajs timeout', new kafkajs.KafkaJSRequestTimeoutError('words'), 'KAFKA_UNREACHABLE'],
    [
      'kafkajs, no coordinator',
      Reflect.construct(kafkajs.KafkaJSGroupCoordinatorNotFound, ['words']),
      'KAFKA_UNREACHABLE',
    ],
    ['low level response', response(90), 'KAFKA_FENCED'],
    ['low level, old epoch', response(47), 'KAFKA_FENCED'],
    ['low level state', response(48), 'KAFKA_TRANSACTION_ABORTED'],
    ['low level version', response(35), 'KAFKA_UNSUPPORTED'],
    ['low level network', new NetworkError('words'), 'KAFKA_UNREACHABLE'],
    ['refused', new NetworkError('words', { cause: socketError('ECONNREFUSED') }), 'KAFKA_UNREACHABLE'],
    [
      'wrong password',
      new NetworkError('words', { cause: new AuthenticationError('words') }),
      'KAFKA_AUTH_FAILED',
    ],
    ['TLS wanted', new NetworkError('words', { cause: new UserError('words') }), 'KAFKA_TLS_FAILED'],
    [
      'unknown CA',
      new NetworkError('words', { cause: socketError('SELF_SIGNED_CERT_IN_CHAIN') }),
      'KAFKA_TLS_FAILED',
    ],
    ['anything else', new TypeError('words'), 'KAFKA_PROTOCOL'],
    ['not even an error', 'words', 'KAFKA_PROTOCOL'],
  ])('%s', (_name, error, code) => {
    expect(toPipelineError(error)).toMatchObject({ code });
  });

  test('the name of the protocol error is told, the cause kept', () => {
    const cause = response(90);
    const error = toPipelineError(cause, 'commit a transaction');
    expect(error.message).toBe('commit a transaction: Kafka answered PRODUCER_FENCED');
    expect(error.context).toEqual({ protocolCode: 90, protocolError: 'PRODUCER_FENCED' });
    expect(error.cause).toBe(cause);
  });

  test('ours are passed through', () => {
    const error = new PipelineError('CONFIG_INVALID', 'words');
    expect(toPipelineError(error)).toBe(error);
  });
});

test('a code that no table knows is an error of its own, with its number', () => {
  expect(errorOfCode(999, 'read')).toMatchObject({
    code: 'KAFKA_PROTOCOL',
    message: 'read: Kafka answered code 999',
  });
});
