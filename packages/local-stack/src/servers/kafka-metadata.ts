import { exchange } from './exchange.ts';

const METADATA = 3;
const VERSION = 1;
const CORRELATION_ID = 7;

/**
 * The number of brokers in a Metadata answer (Kafka protocol guide, API key 3, version 1); 0 when there is no
 * proper answer. A node opens its port before it has joined the cluster, and then names no broker.
 */
export async function brokersKnown(host: string, port: number): Promise<number> {
  const answer = await exchange(host, port, metadataRequest(), isComplete);
  // size(4) correlation id(4) broker count(4)
  if (answer === null || answer.length < 12 || answer.readInt32BE(4) !== CORRELATION_ID) return 0;
  return answer.readInt32BE(8);
}

function metadataRequest(): Buffer {
  const client = 'sluice-probe';
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(VERSION, 6);
  request.writeInt32BE(CORRELATION_ID, 8);
  request.writeInt16BE(client.length, 12);
  request.write(client, 14, 'latin1');
  // The last four bytes stay 0: an empty list of topics.
  return request;
}

function isComplete(received: Buffer): boolean {
  return received.length >= 4 && received.length >= 4 + received.readInt32BE(0);
}
