import { configPath, loadConfig, type Environment, type PathPart } from '@sluice/runtime';
import type { CommandLine, Done, FileCommand, PipelineCommand } from './command.ts';
import type { Screen } from './screen.ts';

/** Throws UsageError, CommandFailed, CallFailed, PipelineError. */
export async function runCommand(
  command: FileCommand | PipelineCommand,
  line: CommandLine,
  env: Environment,
  screen: Screen,
): Promise<Done> {
  const file = line.config ?? configPath([], env);
  if ('check' in command) return command.check(file, env, screen);
  const config = loadConfig(file, env, (path) => !isUsed(command.connects, path));
  return command.run(line, config, screen);
}

function isUsed(connects: PipelineCommand['connects'], [section, , setting]: readonly PathPart[]): boolean {
  if (connects === 'everything') return true;
  if (section === 'source') return connects === 'source';
  if (section === 'kafka') return connects !== 'nothing';
  return section !== 'sinks' || setting === 'ops';
}
