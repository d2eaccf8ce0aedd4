/**
 * Ids of the topics that capture publishes to, as this process has seen them first. Kafka gives a topic that was deleted and
 * made again another id (KIP-516): by its name alone it looks as if nothing had happened.
 */
export class KnownTopics {
  readonly #ids = new Map<string, string>();

  /** Those whose id is another one now, of all that were ever learned. One that is not there is not among them. */
  replaced(found: ReadonlyMap<string, string>): readonly string[] {
    return [...this.#ids].flatMap(([name, id]) => ((found.get(name) ?? id) === id ? [] : [name]));
  }

  /** Keeps the ids of those that were not known yet. */
  learn(names: Iterable<string>, found: ReadonlyMap<string, string>): void {
    for (const name of names) {
      const id = found.get(name);
      if (id !== undefined && !this.#ids.has(name)) this.#ids.set(name, id);
    }
  }

  /** Their next ids are learned like those of new ones: what was lost with them is owed now. */
  forget(names: Iterable<string>): void {
    for (const name of names) this.#ids.delete(name);
  }
}
