import { PipelineError } from '@sluice/runtime';
import { isInstalled } from '../run-program.ts';

/** Throws STACK_TOOL_MISSING, in one line: what is missing, what for, the Debian package that has it. */
export function requireProgram(
  program: string,
  purpose: string,
  debianPackage: string,
  env: NodeJS.ProcessEnv,
): void {
  if (isInstalled(program, env)) return;
  const remedy = `on Debian: apt-get install ${debianPackage}`;
  throw new PipelineError('STACK_TOOL_MISSING', `\`${program}\` is not installed: ${purpose} (${remedy})`);
}
