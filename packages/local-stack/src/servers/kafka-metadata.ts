import { exchange } from './exchange.ts';

const METADATA = 3;
const API_VERSIONS = 18;
const CORRELATION_ID = 7;

/**
 * The number of brokers in a Metadata answer (Kafka protocol guide, API key 3, version 1); 0 when there is no
 * proper answer. A node opens its port before it has joined the cluster, and then names no broker.
 */
export async function brokersKnown(host: string, port: number): Promise<number> {
  // The four bytes behind the header stay 0: an empty list of topics.
  const answer = await exchange(host, port, request(METADATA, 1, 4), isComplete);
  // size(4) correlation id(4) broker count(4)
  if (answer === null || answer.length < 12 || answer.readInt32BE(4) !== CORRELATION_ID) return 0;
  return answer.readInt32BE(8);
}

/** Whether a controller, which tells clients of no brokers, answers ApiVersions (API key 18, version 0). */
export async function controllerAnswers(host: string, port: number): Promise<boolean> {
  const answer = await exchange(host, port, request(API_VERSIONS, 0, 0), isComplete);
  // size(4) correlation id(4) error code(2)
  return answer !== null && answer.length >= 10 && answer.readInt32BE(4) === CORRELATION_ID;
}

/** @param bodyBytes how many bytes of 0 follow the header */
function request(api: number, version: number, bodyBytes: number): Buffer {
  const client = 'sluice-probe';
  const bytes = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + bodyBytes);
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.writeInt16BE(api, 4);
  bytes.writeInt16BE(version, 6);
  bytes.writeInt32BE(CORRELATION_ID, 8);
  bytes.writeInt16BE(client.length, 12);
  bytes.write(client, 14, 'latin1');
  return bytes;
}

function isComplete(received: Buffer): boolean {
  return received.length >= 4 && received.length >= 4 + received.readInt32BE(0);
}
