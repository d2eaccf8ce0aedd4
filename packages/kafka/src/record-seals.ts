import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseKeyRing, readKeyFile, SEAL_KEYS, type KafkaConfig } from '@sluice/runtime';

/** Record header that holds the seal: its version, and the HMAC-SHA256 in base64url. */
export const SEAL_HEADER = 'seal';
const MARK = '1:';

/** A record and where it stands. A seal holds for that place alone: a sealed record is not another one elsewhere. */
export interface PlacedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/**
 * Seals of what orders others about: control records, checkpoints, decisions. Rows have none. Who may write to a topic but has not
 * the key can neither forge such a record nor move a genuine one to another topic or partition; to repeat one that was there is
 * possible, and does nothing: sequences tell it from a newer one.
 */
export class RecordSeals {
  readonly #keys: readonly Buffer[];
  /** Whether a record without a seal is refused. */
  readonly isRequired: boolean;

  /** @param keys newest first; at least one */
  constructor(keys: readonly Buffer[], isRequired: boolean) {
    this.#keys = keys;
    this.isRequired = isRequired;
  }

  /** Null without `kafka.sealKeyFile`. Throws CONFIG_INVALID for a file that cannot be read, is open to others, or holds something else. */
  static of({ sealKeyFile: file, seals }: Pick<KafkaConfig, 'sealKeyFile' | 'seals'>): RecordSeals | null {
    if (file === undefined) return null;
    const text = readKeyFile(SEAL_KEYS, file).toString('utf8');
    return new RecordSeals(parseKeyRing(SEAL_KEYS, text, file), seals !== 'write');
  }

  /** The record's header with its seal, by the newest key. */
  header(record: PlacedRecord): Readonly<Record<string, string>> {
    return { [SEAL_HEADER]: this.seal(record) };
  }

  /** The header's value, by the newest key. */
  seal(record: PlacedRecord): string {
    return MARK + sealBy(this.#keys[0] as Buffer, record).toString('base64url');
  }

  /** Whether the record may be believed: its seal is by one of the keys, or none is required. */
  accepts(record: PlacedRecord, seal: string | undefined): boolean {
    return !this.isRequired || this.isGenuine(record, seal);
  }

  /** Whether the seal is the record's, by one of the keys. */
  isGenuine(record: PlacedRecord, seal: string | undefined): boolean {
    if (seal === undefined || !seal.startsWith(MARK)) return false;
    const told = Buffer.from(seal.slice(MARK.length), 'base64url');
    return this.#keys.some((key) => {
      const own = sealBy(key, record);
      return told.length === own.length && timingSafeEqual(told, own);
    });
  }
}

/** The seal among a record's headers, for a copy of the record that is looked at in the place of the original. */
export function sealHeader(headers: ReadonlyMap<string, Buffer | null>): Readonly<Record<string, Buffer>> {
  const seal = headers.get(SEAL_HEADER) ?? null;
  return seal === null ? {} : { [SEAL_HEADER]: seal };
}

/** The text of the seal among a record's headers. */
export function sealIn(headers: ReadonlyMap<string, Buffer | null>): string | undefined {
  return headers.get(SEAL_HEADER)?.toString('utf8');
}

/** Lengths stand in front, so that no two records give the same bytes. */
function sealBy(secret: Buffer, { topic, partition, key, value }: PlacedRecord): Buffer {
  const hmac = createHmac('sha256', secret);
  hmac.update(JSON.stringify([topic, partition, key?.length ?? -1, value?.length ?? -1]));
  if (key !== null) hmac.update(key);
  if (value !== null) hmac.update(value);
  return hmac.digest();
}
