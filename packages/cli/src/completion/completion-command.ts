import type { TextCommand } from '../operator/command.ts';
import { UsageError } from '../operator/usage-error.ts';
import { bashScript, zshScript } from './bash.ts';
import { fishScript } from './fish.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export const completionCommand: TextCommand = {
  name: 'completion',
  options: [],
  operands: Object.keys(SCRIPTS).join('|'),
  help: 'the script by which a shell completes sluice: source <(sluice completion bash)',
  tell: ({ operands: [shell = ''] }, commands) => {
    if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish')
      throw new UsageError(`sluice completion needs a shell: ${Object.keys(SCRIPTS).join(', ')}`);
    return SCRIPTS[shell](commands);
  },
};
