/*
 * Error codes of the Kafka protocol (Kafka protocol guide, "Error Codes") and what each kind asks of a client.
 */
export const NONE = 0;
export const OFFSET_OUT_OF_RANGE = 1;
export const OUT_OF_ORDER_SEQUENCE = 45;
export const DUPLICATE_SEQUENCE = 46;
export const CONCURRENT_TRANSACTIONS = 51;
export const TOPIC_ALREADY_EXISTS = 36;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
export const INVALID_REPLICATION_FACTOR = 38;
export const LEADER_NOT_AVAILABLE = 5;

export type CodeKind =
  | 'unavailable'
  | 'topic-missing'
  | 'coordinator'
  | 'fenced'
  | 'transaction'
  | 'too-large'
  | 'refused'
  | 'unauthorized'
  | 'authentication'
  | 'unsupported'
  | 'unknown';

const KINDS: readonly (readonly [CodeKind, readonly number[]])[] = [
  // The partition or broker cannot serve just now: look for the leader again and repeat.
  ['unavailable', [2, 5, 6, 7, 8, 9, 13, 19, 20, 41, 56, 72, 74, 75, 78, 80, 83, 89]],
  ['topic-missing', [UNKNOWN_TOPIC_OR_PARTITION, 100]],
  // The coordinator has moved or is loading its log: find it again and repeat.
  ['coordinator', [14, 15, 16, CONCURRENT_TRANSACTIONS, 52]],
  // INVALID_PRODUCER_EPOCH, PRODUCER_FENCED
  ['fenced', [47, 90]],
  // The transaction is not, or no longer, what this producer believes it to be.
  ['transaction', [OUT_OF_ORDER_SEQUENCE, DUPLICATE_SEQUENCE, 48, 49, 55, 59, 105, 120]],
  ['too-large', [10, 18]],
  ['refused', [12, 17, 21, 32, 37, 38, 39, 40, 42, 43, 44, 50, 76, 87]],
  ['unauthorized', [29, 30, 31, 53, 65]],
  ['authentication', [33, 34, 54, 58, 61, 66]],
  ['unsupported', [35]],
];

const KIND_OF_CODE = new Map(KINDS.flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const)));

export function kindOfCode(code: number): CodeKind {
  return KIND_OF_CODE.get(code) ?? 'unknown';
}
