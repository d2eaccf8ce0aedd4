import { partitionName, type TopicPartition } from '@sluice/kafka';

/**
 * The partitions of which this process knows what waits in them: since they are its own a batch of theirs has been handled, or there was none.
 * Of the others it can say nothing, whatever it held before.
 */
export class LookedAt {
  readonly #own = new Map<string, TopicPartition>();
  readonly #looked = new Set<string>();

  /** Another assignment. */
  restart(partitions: Iterable<TopicPartition>): void {
    this.forget();
    for (const { topic, partition } of partitions)
      this.#own.set(partitionName(topic, partition), { topic, partition });
  }

  /** The group is left, or shared out again: nothing is its own. */
  forget(): void {
    this.#own.clear();
    this.#looked.clear();
  }

  note(name: string): void {
    this.#looked.add(name);
  }

  /** Records have come that are not looked at for now. */
  passOver(name: string): void {
    this.#looked.delete(name);
  }

  of(topic: string): readonly TopicPartition[] {
    return [...this.#own].flatMap(([name, where]) =>
      where.topic === topic && this.#looked.has(name) ? [where] : [],
    );
  }
}
