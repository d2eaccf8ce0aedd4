import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from '../operator/command.ts';
import { tellFindings } from '../operator/findings.ts';
import { interruption } from '../operator/interruption.ts';
import type { Screen } from '../operator/screen.ts';
import { findingsOf, type Check } from './checks.ts';
import { dailyChecks } from './daily.ts';
import { monthlyChecks } from './monthly.ts';
import { weeklyChecks } from './weekly.ts';

type Report = 'daily' | 'weekly' | 'monthly';

const declared = { connects: 'everything', several: ['skip'] } as const;

export const maintenanceDailyCommand: PipelineCommand = {
  ...declared,
  name: 'maintenance daily',
  options: ['skip', 'token-file', 'ca-file'],
  help: 'report of a day: health, lag, errors, dead letters, the source and its disk, how long the binlog is kept',
  run: (line, config, screen) => report('daily', dailyChecks(config, line.values), line, config, screen),
};

export const maintenanceWeeklyCommand: PipelineCommand = {
  ...declared,
  name: 'maintenance weekly',
  options: ['skip', 'prometheus', 'prometheus-login-file', 'report'],
  help: 'report of a week: sizes of tables, trend of rows, memory and lag, age of comparisons',
  run: (line, config, screen) => report('weekly', weeklyChecks(config, line.values), line, config, screen),
};

export const maintenanceMonthlyCommand: PipelineCommand = {
  ...declared,
  name: 'maintenance monthly',
  options: ['skip', 'from'],
  help: 'report of a month: what logins may do, age of passwords, tokens and certificates, a backup that is restored beside the pipeline',
  run: async (line, config, screen) => {
    const { signal, forget } = interruption(process);
    const checks = monthlyChecks(config, line.values, signal);
    return report('monthly', checks, line, config, screen).finally(forget);
  },
};

/** True when nothing is wrong, and all that was not skipped is known. */
async function report(
  name: Report,
  checks: readonly Check[],
  { values }: CommandLine,
  { pipeline }: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const findings = await findingsOf(checks, values.texts('skip'));
  return tellFindings({ pipeline, maintenance: name, at: new Date().toISOString() }, findings, screen);
}
