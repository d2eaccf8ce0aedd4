import { clearAlerts, listAlerts, listHistory, LISTED_MAX, type SchemaChange } from '@sluice/ops-api';
import { call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { whoIsIt } from './dead-letters.ts';
import { SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { plural, show, type Cell, type Screen } from './screen.ts';

const HEADINGS = ['ID', 'AT', 'CLASS', 'POLICY', 'TABLES', 'STATEMENT'];
const STATEMENT_LENGTH = 60;
const LISTED = 100;

export const ddlAlertsCommand: PipelineCommand = {
  name: 'ddl alerts',
  options: ['table', 'limit', ...SERVICE_OPTIONS],
  help: 'unacknowledged DDL alerts, with what to do about each',
  connects: 'nothing',
  run: (line, config, screen) => ddlList('alerts', line, config, screen),
};

export const ddlHistoryCommand: PipelineCommand = {
  name: 'ddl history',
  options: ['table', 'limit', ...SERVICE_OPTIONS],
  help: 'DDL statements on captured tables, newest first',
  connects: 'nothing',
  run: (line, config, screen) => ddlList('history', line, config, screen),
};

/** `ddl alerts` and `ddl history`: what capture's page of that name says. */
async function ddlList(
  page: 'alerts' | 'history',
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const limit = values.wholeNumber('limit', 1, LISTED_MAX) ?? LISTED;
  const table = values.text('table');
  const service = serviceOf(config, ['capture'], values);
  const listing = await call(service, page === 'alerts' ? listAlerts : listHistory, { limit, table });
  show(screen, listing, HEADINGS, listing.entries.map(rowOf));
  if (page === 'alerts') for (const { id, advice } of listing.entries) screen.say(`${id}: ${advice}`);
  screen.say(
    `${plural(listing.unacknowledged, 'alert')} not cleared; ${listing.entries.length} of ${listing.matching} shown`,
  );
  return true;
}

export const ddlClearCommand: PipelineCommand = {
  name: 'ddl clear',
  options: ['id', 'table', ...SERVICE_OPTIONS, 'by', 'reason'],
  help: 'acknowledge alerts: one by --id, those of a --table, or all',
  connects: 'nothing',
  run: ddlClear,
};

async function ddlClear({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const [id, table, by] = [values.text('id'), values.text('table'), whoIsIt(values)];
  const service = serviceOf(config, ['capture'], values);
  const ids = id === undefined ? undefined : [id];
  const result = await call(service, clearAlerts, { by, reason: values.text('reason'), ids, table });
  show(screen, result, [], []);
  screen.say(`${plural(result.cleared.length, 'alert')} cleared by ${by}; ${result.unacknowledged} left`);
  return id === undefined || result.cleared.length > 0;
}

function rowOf({ id, class: kind, policy, tables, statement, source }: SchemaChange): readonly Cell[] {
  const at = new Date(source.timestamp).toISOString();
  const shown = statement.length > STATEMENT_LENGTH ? `${statement.slice(0, STATEMENT_LENGTH)}…` : statement;
  return [id, at, kind, policy, tables.join(' '), shown];
}
