import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completionCommand } from '../../src/completion/completion-command.ts';
import { COMMANDS } from '../../src/operator/commands.ts';
import { parseCommandLine } from '../../src/operator/command-line.ts';

function scriptOf(shell: string): string {
  const wish = parseCommandLine(['completion', shell], 0);
  if (wish.kind !== 'command') throw new Error('no command');
  return completionCommand.tell(wish.line, COMMANDS);
}

/** What bash itself offers for the last word of the line. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${scriptOf('bash')}
COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-uo', 'pipefail', '-c', script, 'bash', ...words], {
    encoding: 'utf8',
  });
  return text.split('\n').filter((line) => line !== '');
}

test.each<[readonly string[], readonly string[]]>([
  [['sn'], ['snapshot']],
  [['co'], ['config', 'compare', 'completion']],
  [
    ['dlq', 're'],
    ['replay', 'release'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['--config', 'some.yaml', 'ddl', 'h'], ['history']],
  [['snapshot', 'throttle', '--id', 's3', '--ro'], ['--rows-per-second']],
  [['sink', 'pause', '--re'], ['--reason']],
  [['sink', 'redis', '--con'], ['--config']],
  [['compare', 'shop.orders', '--sam'], ['--sample']],
  [['status', '--output', 'j'], ['json']],
  [['capture', '--accept', 'l'], ['lost-checkpoint']],
  [['dlq', 'list', '--since', ''], []],
  [['status', '--config', 'package-l'], ['package-lock.json']],
  [['nothing', ''], []],
])('bash: sluice %j', (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

test('a shell that is not known is refused; every command and option is in every script', () => {
  expect(() => scriptOf('tcsh')).toThrow('needs a shell: bash, zsh, fish');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = scriptOf(shell);
    for (const { name, options } of COMMANDS) {
      for (const word of name.split(' ').filter((each) => each !== 'NAME')) expect(script).toContain(word);
      for (const option of options) expect(script).toContain(option);
    }
  }
});
