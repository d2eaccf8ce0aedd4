import { configPath, loadConfig, type Environment, type PathPart } from '@sluice/runtime';
import { configValidate } from './config-validate.ts';
import { ddlClear, ddlList } from './ddl-commands.ts';
import { dlqAccept, dlqDiscard, dlqList, dlqRelease, dlqShow } from './dlq-commands.ts';
import { dlqReplay } from './dlq-replay.ts';
import { pipelinePlan } from './pipeline-plan.ts';
import { pipelineStatus } from './pipeline-status.ts';
import type { Screen } from './screen.ts';
import type { OperatorLine } from './service-commands.ts';
import { sinkRewind } from './sink-rewind.ts';
import { snapshotList, snapshotMove, snapshotStart } from './snapshot-commands.ts';
import { tableResume } from './table-commands.ts';

/** Resolves to whether all that was asked for was done. Throws UsageError, CommandFailed, CallFailed, PipelineError. */
export async function runCommand(line: OperatorLine, env: Environment, screen: Screen): Promise<boolean> {
  const file = line.config ?? configPath([], env);
  if (line.command === 'config validate') return configValidate(file, env, screen);
  const config = loadConfig(file, env, (path) => !isUsed(line.command, path));
  switch (line.command) {
    case 'dlq list':
      return dlqList(line, config, screen);
    case 'dlq show':
      return dlqShow(line, config, screen);
    case 'dlq replay':
      return dlqReplay(line, config, screen);
    case 'dlq discard':
      return dlqDiscard(line, config, screen);
    case 'dlq release':
      return dlqRelease(line, config, screen);
    case 'dlq accept':
      return dlqAccept(line, config, screen);
    case 'ddl alerts':
      return ddlList('alerts', line, config, screen);
    case 'ddl history':
      return ddlList('history', line, config, screen);
    case 'ddl clear':
      return ddlClear(line, config, screen);
    case 'sink rewind':
      return sinkRewind(line, config, screen);
    case 'snapshot list':
      return snapshotList(line, config, screen);
    case 'snapshot start':
      return snapshotStart(line, config, screen);
    case 'snapshot pause':
    case 'snapshot resume':
    case 'snapshot cancel':
      return snapshotMove(line, config, screen);
    case 'plan':
      return pipelinePlan(line, config, screen);
    case 'table resume':
      return tableResume(line, config, screen);
    case 'status':
      return pipelineStatus(config, screen);
  }
}

/** Commands that read or write Kafka themselves, and not only ask the services. */
const WITH_KAFKA = /^(dlq |sink rewind$|status$)/;

/** An operator's shell needs the secrets of what a command connects to, and no others. */
function isUsed(command: string, [section, , setting]: readonly PathPart[]): boolean {
  if (command === 'plan') return true;
  if (section === 'source') return false;
  if (section === 'kafka') return WITH_KAFKA.test(command);
  return section !== 'sinks' || setting === 'ops';
}
