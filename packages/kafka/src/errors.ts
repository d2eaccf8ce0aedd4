import { isTlsFailureCode, PipelineError, type ErrorCode } from '@sluice/runtime';
import { protocolErrorsCodesById } from '@platformatic/kafka';
import { kindOfCode, type CodeKind } from './protocol/error-codes.ts';

const CODE_OF_KIND: Record<CodeKind, ErrorCode> = {
  unavailable: 'KAFKA_UNREACHABLE',
  'topic-missing': 'KAFKA_TOPIC_MISSING',
  coordinator: 'KAFKA_UNREACHABLE',
  fenced: 'KAFKA_FENCED',
  transaction: 'KAFKA_TRANSACTION_ABORTED',
  'too-large': 'KAFKA_MESSAGE_TOO_LARGE',
  refused: 'KAFKA_REFUSED',
  unauthorized: 'KAFKA_NOT_AUTHORIZED',
  authentication: 'KAFKA_AUTH_FAILED',
  unsupported: 'KAFKA_UNSUPPORTED',
  unknown: 'KAFKA_PROTOCOL',
};

/** Causes and parts of an error are followed this deep; none that the two client libraries make is deeper. */
const MAX_DEPTH = 8;
/** Errors of a socket or resolver, and the client libraries' own names for "no answer". */
const NETWORK_CODE = /^(E[A-Z]+|PLT_KFK_(NETWORK|TIMEOUT|UNEXPECTED_CORRELATION_ID)|ERR_SOCKET_[A-Z_]+)$/;
/** Of a connection whose first request was not answered (kafkajs 2.2.4, src/broker/index.js). */
const KAFKAJS_NOT_CONNECTED = 'Broker not connected';
const KAFKAJS_UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSBrokerNotFound',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSStaleTopicMetadataAssignment',
  'KafkaJSLockTimeout',
  'KafkaJSTimeout',
]);

/** Name of a code of Kafka's protocol, such as `NOT_LEADER_OR_FOLLOWER`. */
export function protocolCodeName(code: number): string {
  const names: Readonly<Record<string, string>> = protocolErrorsCodesById;
  return names[String(code)] ?? `code ${code}`;
}

/** An error from a code that Kafka answered. `doing`: what was tried, for the operator, such as "produce to topic x". */
export function errorOfCode(code: number, doing: string): PipelineError {
  const name = protocolCodeName(code);
  return new PipelineError(CODE_OF_KIND[kindOfCode(code)], `${doing}: Kafka answered ${name}`, {
    context: { protocolCode: code, protocolError: name },
  });
}

/** Any error of either client library as one of ours: by protocol code or error code, never by its words. */
export function toPipelineError(error: unknown, doing = 'talk to Kafka'): PipelineError {
  if (error instanceof PipelineError) return error;
  const code = findIn(error, (e) => classify(e)) ?? 'KAFKA_PROTOCOL';
  const protocolCode = findIn(error, protocolCodeOf);
  const answer = answerOf(error, protocolCode);
  return new PipelineError(code, `${doing}: ${answer}`, {
    cause: error,
    context:
      protocolCode === undefined ? {} : { protocolCode, protocolError: protocolCodeName(protocolCode) },
  });
}

/** kafkajs keeps to itself what brokers have answered when it asked them for the coordinator of a group. */
function answerOf(error: unknown, protocolCode: number | undefined): string {
  if (protocolCode !== undefined) return `Kafka answered ${protocolCodeName(protocolCode)}`;
  if (error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound')
    return 'no broker names the coordinator of the group: brokers are starting, or the account may not Read the group';
  return messageOf(error);
}

/** The code of Kafka's protocol inside an error of either client library. */
export function findProtocolCode(error: unknown): number | undefined {
  return findIn(error, protocolCodeOf);
}

function classify(error: Readonly<Record<string, unknown>>): ErrorCode | undefined {
  const protocolCode = protocolCodeOf(error);
  if (protocolCode !== undefined) return CODE_OF_KIND[kindOfCode(protocolCode)];
  const name = error['name'];
  if (name === 'KafkaJSSASLAuthenticationError' || name === 'KafkaJSUnsupportedMagicByteInMessageSet') {
    return name === 'KafkaJSSASLAuthenticationError' ? 'KAFKA_AUTH_FAILED' : 'KAFKA_PROTOCOL';
  }
  const code = error['code'];
  if (code === 'PLT_KFK_AUTHENTICATION') return 'KAFKA_AUTH_FAILED';
  if (code === 'PLT_KFK_USER') return 'KAFKA_TLS_FAILED'; // on a connection: the broker wants TLS, or does not speak it
  if (typeof code === 'string' && isTlsFailureCode(code)) return 'KAFKA_TLS_FAILED';
  // A library's "connection failed" may have the true reason as its cause: look there first.
  if (typeof error['cause'] === 'object' && error['cause'] !== null) return undefined;
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return 'KAFKA_UNREACHABLE';
  if (error['message'] === KAFKAJS_NOT_CONNECTED) return 'KAFKA_UNREACHABLE';
  return typeof name === 'string' && KAFKAJS_UNREACHABLE.has(name) ? 'KAFKA_UNREACHABLE' : undefined;
}

/** Whether kafkajs has a connection for open whose first request was not answered, and sends nothing through it. */
export function isNotConnected(error: unknown): boolean {
  return findIn(error, ({ message }) => message === KAFKAJS_NOT_CONNECTED || undefined) === true;
}

/** Ours have it in their context, kafkajs has the number in `code` beside a `type`, @platformatic/kafka in `apiCode`. */
function protocolCodeOf(error: Readonly<Record<string, unknown>>): number | undefined {
  if (error instanceof PipelineError) {
    const code = error.context['protocolCode'];
    return typeof code === 'number' ? code : undefined;
  }
  const apiCode = error['apiCode'];
  if (typeof apiCode === 'number') return apiCode;
  const code = error['code'];
  return typeof code === 'number' && typeof error['type'] === 'string' ? code : undefined;
}

function findIn<T>(
  error: unknown,
  look: (error: Readonly<Record<string, unknown>>) => T | undefined,
  depth = 0,
): T | undefined {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return undefined;
  const candidate = error as Readonly<Record<string, unknown>>;
  const found = look(candidate);
  if (found !== undefined) return found;
  const parts: unknown[] = Array.isArray(candidate['errors']) ? candidate['errors'] : [];
  for (const part of [...parts, candidate['cause'], candidate['originalError']]) {
    const inner = findIn(part, look, depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
