import { sealIn, type RecordPlace, type RecordSeals, type TopicRecord } from '@sluice/kafka';

/**
 * What is believed of a topic that is kept for ever, where seals are required: a record without one was written before seals were
 * introduced, or by a stranger. Behind the first record with a seal it is a stranger's, and passed over.
 */
export class SealedTail {
  readonly #seals: RecordSeals | null;
  readonly #passedOver: RecordPlace[] = [];
  #hasBegun = false;

  /** @param seals null, or not required: every record is believed */
  constructor(seals: RecordSeals | null) {
    this.#seals = seals?.isRequired === true ? seals : null;
  }

  /** Whether a reading may begin at this record. One without a seal tells nothing of those before it. */
  mayBegin(record: TopicRecord): boolean {
    return this.#seals === null || this.#isGenuine(record, this.#seals);
  }

  /** To be asked of each record in turn. */
  takes(record: TopicRecord): boolean {
    if (this.#seals === null) return true;
    if (this.#isGenuine(record, this.#seals)) this.#hasBegun = true;
    else if (this.#hasBegun) {
      const { topic, partition, offset } = record;
      this.#passedOver.push({ topic, partition, offset });
      return false;
    }
    return true;
  }

  /** Where the records are that were passed over. */
  get passedOver(): readonly RecordPlace[] {
    return this.#passedOver;
  }

  #isGenuine(record: TopicRecord, seals: RecordSeals): boolean {
    return seals.isGenuine(record, sealIn(record.headers));
  }
}
