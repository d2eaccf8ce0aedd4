import type { Command } from '../operator/command.ts';
import { COMMON_OPTIONS, OPTIONS, optionSpec, type OptionName } from '../operator/options.ts';

/** What may follow some words of a line, and the options that may stand there. */
export interface Place {
  /** Words that have been written, without options: `dlq`, `dlq list`; `sink *` for one that names any. */
  readonly words: string;
  /** The same as globs: behind a command its operands may stand. */
  readonly globs: readonly string[];
  readonly next: readonly string[];
  readonly options: readonly OptionName[];
}

/** What an option's value may be: one of these, a file, or nothing that a shell could know. */
export type Values = readonly string[] | 'file' | 'any';

const FILES = new Set<OptionName>([
  'config',
  'token-file',
  'ca-file',
  'prometheus-login-file',
  'output-file',
  'file',
]);
const CHOICES: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  output: ['table', 'json', 'ndjson'],
  accept: ['lost-checkpoint', 'row-conditions', 'hash-key'],
  to: ['beginning'],
};

export function valuesOf(name: OptionName): Values {
  return FILES.has(name) ? 'file' : (CHOICES[name] ?? 'any');
}

/** Options that the next word of a line belongs to. */
export function optionsWithValue(): readonly OptionName[] {
  return (Object.keys(OPTIONS) as OptionName[]).filter((name) => optionSpec(name).value !== undefined);
}

/** The longest first, those that stand for any word behind those that name one. */
export function placesOf(commands: readonly Command[]): readonly Place[] {
  const places = new Map<string, { next: Set<string>; options: Set<OptionName> }>();
  const at = (words: string): { next: Set<string>; options: Set<OptionName> } => {
    const found = places.get(words) ?? { next: new Set(), options: new Set(COMMON_OPTIONS) };
    places.set(words, found);
    return found;
  };
  for (const { name, options, operands } of commands) {
    const [noun = '', verb = ''] = name.split(' ');
    at('').next.add(noun);
    if (verb !== '' && verb !== 'NAME') at(noun).next.add(verb);
    const own = at(verb === 'NAME' ? `${noun} *` : name);
    for (const option of options) own.options.add(option);
    // `bash|zsh|fish`: the words that may follow.
    for (const word of operands?.includes('|') === true ? operands.split('|') : []) own.next.add(word);
  }
  const rank = (words: string): number => (words.endsWith('*') ? 1 : 0);
  return [...places]
    .map(([words, { next, options }]) => ({
      words,
      globs: next.size > 0 || words.endsWith('*') ? [words] : [words, `${words} *`],
      next: [...next],
      options: [...options],
    }))
    .sort((a, b) => rank(a.words) - rank(b.words) || b.words.length - a.words.length);
}
