import type { Command } from '../operator/command.ts';
import { optionSpec } from '../operator/options.ts';
import { optionsWithValue, placesOf, valuesOf } from './places.ts';

/** `complete` lines of fish, each under the condition that the words before it stand in the line. */
export function fishScript(commands: readonly Command[]): string {
  const helps = new Map(commands.map(({ name, help }) => [name, help]));
  const lines = placesOf(commands).flatMap(({ words, globs, next, options }) => {
    const here = `-n ${quoted(`__sluice_at ${globs.map((glob) => `"${glob}"`).join(' ')}`)}`;
    return [
      ...next.map((word) => {
        const help = helps.get(words === '' ? word : `${words} ${word}`) ?? '';
        return `complete -c sluice -f ${here} -a ${word}${help === '' ? '' : ` -d ${quoted(help)}`}`;
      }),
      ...options.map((name) => {
        const { value, meaning } = optionSpec(name);
        const values = valuesOf(name);
        const some = typeof values === 'string' ? '' : ` -a ${quoted(values.join(' '))}`;
        const takes = value === undefined ? '' : ` ${values === 'file' ? '-r -F' : `-x${some}`}`;
        return `complete -c sluice ${here} -l ${name}${takes} -d ${quoted(meaning)}`;
      }),
    ];
  });
  return `# Completion of sluice for fish: sluice completion fish | source
function __sluice_at
    set -l line
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${optionsWithValue()
          .map((name) => `--${name}`)
          .join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            set -a line $word
        end
    end
    set -l said (string join ' ' $line)
    for glob in $argv
        string match -q -- "$glob" "$said"; and return 0
    end
    return 1
end
complete -c sluice -f
${lines.join('\n')}
`;
}

/** In single quotes, where only a quote and a backslash mean anything to fish. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, String.raw`\$&`)}'`;
}
