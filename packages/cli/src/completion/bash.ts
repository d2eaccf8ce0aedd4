import type { Command } from '../operator/command.ts';
import type { OptionName } from '../operator/options.ts';
import { optionsWithValue, placesOf, valuesOf } from './places.ts';

/** The function that fills COMPREPLY (bash manual, "Programmable Completion"). */
export function bashScript(commands: readonly Command[]): string {
  return `# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' line='' i
  ((COMP_CWORD > 0)) && prev=\${COMP_WORDS[COMP_CWORD-1]}
${walk('COMP_CWORD', 'COMP_WORDS[i]', '1')}
${valueCases((words) => `COMPREPLY=($(compgen -W '${words}' -- "$cur")); return`, 'COMPREPLY=($(compgen -f -- "$cur")); return', 'COMPREPLY=(); return')}
${placeCases(commands)}
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$next" -- "$cur"))
  fi
}
complete -F _sluice sluice
`;
}

/** The same for zsh: its arrays begin at 1, and compadd takes the words. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh)
_sluice() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} line='' next='' options='' i
${walk('CURRENT', 'words[i]', '2')}
${valueCases((words) => `compadd -- ${words}; return`, '_files; return', 'return')}
${placeCases(commands)}
  if [[ $cur == -* ]]; then
    compadd -- \${=options}
  else
    compadd -- \${=next}
  fi
}
compdef _sluice sluice
`;
}

/** The words of the line that are neither options nor their values, in \`line\`. */
function walk(end: string, word: string, first: string): string {
  return `  for ((i = ${first}; i < ${end}; i++)); do
    case "\${${word}}" in
      ${optionsWithValue().map(flag).join('|')}) ((i++)) ;;
      -*) ;;
      *) line="\${line:+$line }\${${word}}" ;;
    esac
  done`;
}

function valueCases(some: (words: string) => string, files: string, any: string): string {
  const answer = (name: OptionName): string => {
    const values = valuesOf(name);
    if (values === 'file') return files;
    return values === 'any' ? any : some(values.join(' '));
  };
  const cases = optionsWithValue().map((name) => `    ${flag(name)}) ${answer(name)} ;;`);
  return ['  case "$prev" in', ...cases, '  esac'].join('\n');
}

function placeCases(commands: readonly Command[]): string {
  const cases = placesOf(commands).map(
    ({ globs, next, options }) =>
      `    ${globs.map(pattern).join('|')}) next='${next.join(' ')}' options='${options.map(flag).join(' ')}' ;;`,
  );
  return ["  local next='' options=''", '  case "$line" in', ...cases, '  esac'].join('\n');
}

/** Quoted but for the star at its end. */
function pattern(glob: string): string {
  return glob.endsWith('*') ? `'${glob.slice(0, -1)}'*` : `'${glob}'`;
}

const flag = (name: OptionName): string => `--${name}`;
