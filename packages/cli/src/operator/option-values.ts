import { parseInstant } from './instant.ts';
import type { OptionName } from './options.ts';
import { UsageError } from './usage-error.ts';

/** What each option was given, in the order of the line. */
export type GivenOptions = ReadonlyMap<string, readonly (string | boolean)[]>;

export class OptionValues {
  readonly #values: GivenOptions;
  readonly #nowMs: number;

  constructor(values: GivenOptions, nowMs: number) {
    this.#values = values;
    this.#nowMs = nowMs;
  }

  flag(name: OptionName): boolean {
    return this.#values.get(name)?.at(-1) === true;
  }

  text(name: OptionName): string | undefined {
    return this.texts(name).at(-1);
  }

  /** As often as it was given. */
  texts(name: OptionName): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === 'string');
  }

  /** Throws UsageError when it was not given. */
  needed(name: OptionName): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw new UsageError(`--${name} is needed`);
    return value;
  }

  wholeNumber(name: OptionName, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new UsageError(`--${name} is "${text}", but must be a whole number from ${least} to ${most}`);
  }

  /** Milliseconds since 1970. */
  instant(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const instant = parseInstant(text, this.#nowMs);
    if (instant === null) throw new UsageError(`--${name} is "${text}", but must be ${INSTANT_FORMS}`);
    return instant;
  }

  /** Per second; `10/s` or `10`. */
  rate(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text.replace(/\/s$/, ''));
    if (/^\d+(\/s)?$/.test(text) && number > 0) return number;
    throw new UsageError(`--${name} is "${text}", but must be a number per second, such as 10/s`);
  }
}

export const INSTANT_FORMS = 'a time such as 2026-11-21T09:05:34Z, or how long ago: 90s, 15m, 2h, 3d';
