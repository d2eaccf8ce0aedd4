import { backupCommand } from '../backup/backup-command.ts';
import { restoreCommand } from '../backup/restore-command.ts';
import { completionCommand } from '../completion/completion-command.ts';
import { captureHandoverCommand, captureLeaderCommand } from './capture-commands.ts';
import type { Command } from './command.ts';
import { compareCommand } from './compare-command.ts';
import { configValidateCommand } from './config-validate.ts';
import { ddlAlertsCommand, ddlClearCommand, ddlHistoryCommand } from './ddl-commands.ts';
import {
  dlqAcceptCommand,
  dlqDiscardCommand,
  dlqListCommand,
  dlqReleaseCommand,
  dlqShowCommand,
} from './dlq-commands.ts';
import { dlqReplayCommand } from './dlq-replay.ts';
import { hashKeyNewCommand, sealKeyNewCommand } from './key-commands.ts';
import { heapCommand } from './heap-command.ts';
import { logsCommand } from './logs-command.ts';
import { doctorCommand } from './doctor.ts';
import { orphansDumpCommand, orphansFlashbackCommand, orphansListCommand } from './orphan-commands.ts';
import { orphansReapplyCommand } from './orphans-reapply.ts';
import { loadCommand } from '../load/load-command.ts';
import {
  maintenanceDailyCommand,
  maintenanceMonthlyCommand,
  maintenanceWeeklyCommand,
} from '../maintenance/maintenance-commands.ts';
import { planCommand } from './pipeline-plan.ts';
import { statusCommand } from './pipeline-status.ts';
import { repairCommand } from './repair-command.ts';
import { captureCommand, sinkCommand } from './service-commands.ts';
import { sourceHistoryCommand } from './source-history.ts';
import { sourceSwitchoverCommand } from './source-switchover.ts';
import { sinkPauseCommand, sinkResumeCommand } from './sink-pause.ts';
import { sinkRebuildCommand } from '../rebuild/rebuild-command.ts';
import { sinkRewindCommand } from './sink-rewind.ts';
import {
  snapshotListCommand,
  snapshotMoveCommands,
  snapshotStartCommand,
  snapshotThrottleCommand,
} from './snapshot-commands.ts';
import { topCommand } from './top-command.ts';
import { tablePauseCommand, tableResumeCommand } from './table-commands.ts';

/** What there is, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  captureCommand,
  sinkCommand,
  configValidateCommand,
  planCommand,
  statusCommand,
  topCommand,
  captureLeaderCommand,
  captureHandoverCommand,
  sourceHistoryCommand,
  sourceSwitchoverCommand,
  doctorCommand,
  maintenanceDailyCommand,
  maintenanceWeeklyCommand,
  maintenanceMonthlyCommand,
  logsCommand,
  heapCommand,
  loadCommand,
  compareCommand,
  repairCommand,
  backupCommand,
  orphansListCommand,
  orphansDumpCommand,
  orphansFlashbackCommand,
  orphansReapplyCommand,
  restoreCommand,
  snapshotListCommand,
  snapshotStartCommand,
  ...snapshotMoveCommands,
  snapshotThrottleCommand,
  dlqListCommand,
  dlqShowCommand,
  dlqReplayCommand,
  dlqDiscardCommand,
  dlqReleaseCommand,
  dlqAcceptCommand,
  sinkRewindCommand,
  sinkRebuildCommand,
  sinkPauseCommand,
  sinkResumeCommand,
  ddlAlertsCommand,
  ddlHistoryCommand,
  ddlClearCommand,
  tablePauseCommand,
  tableResumeCommand,
  hashKeyNewCommand,
  sealKeyNewCommand,
  completionCommand,
];
