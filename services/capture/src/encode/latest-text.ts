/** Room for a GTID with a tag, a file name, a number; a longer text gets more. */
const INITIAL_BYTES = 128;

/**
 * The UTF-8 bytes of a text that stays the same for many rows in a row: encoded again only when it changes. `bytes` is
 * exactly as long as the text, so that it can be copied whole.
 */
export class LatestText {
  readonly #quote: string;
  #memory = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #text: string | null = null;
  bytes: Buffer = this.#memory.subarray(0, 0);

  /** @param quote put in front of the text and behind it: '"' for a text that JSON takes as it is */
  constructor(quote: '' | '"' = '') {
    this.#quote = quote;
  }

  of(text: string): Buffer {
    if (text !== this.#text) this.#encode(text);
    return this.bytes;
  }

  #encode(text: string): void {
    this.#text = text;
    if (this.#memory.length < text.length * 3 + 2) this.#memory = Buffer.allocUnsafeSlow(text.length * 3 + 2);
    const memory = this.#memory;
    let length = 0;
    if (this.#quote !== '') memory[length++] = 0x22;
    length += memory.write(text, length, 'utf8');
    if (this.#quote !== '') memory[length++] = 0x22;
    if (this.bytes.length !== length || this.bytes.buffer !== memory.buffer)
      this.bytes = memory.subarray(0, length);
  }
}
