import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine } from './command-line.ts';
import { whoIsIt } from './letters.ts';
import { ask, opsUrl, order } from './ops-client.ts';
import { plural, show, type Cell, type Screen } from './screen.ts';

const HEADINGS = ['ID', 'AT', 'CLASS', 'POLICY', 'TABLES', 'STATEMENT'];
const STATEMENT_LENGTH = 60;
const LISTED = 100;
const LISTED_MAX = 1000;

/** The parts of an entry of capture's `/api/ddl` that a line shows. */
interface Entry {
  readonly id: string;
  readonly class: string;
  readonly policy: string;
  readonly tables: readonly string[];
  readonly statement: string;
  readonly advice: string;
  readonly source: { readonly timestamp: number };
}

interface Listing {
  readonly unacknowledged: number;
  readonly matching: number;
  readonly entries: readonly Entry[];
}

/** `ddl alerts` and `ddl history`: what capture's page of that name says. */
export async function ddlList(
  page: 'alerts' | 'history',
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const query = new URLSearchParams({ limit: String(values.wholeNumber('limit', 1, LISTED_MAX) ?? LISTED) });
  const table = values.text('table');
  if (table !== undefined) query.set('table', table);
  const url = captureUrl(config, values.text('url'));
  const { status, body } = await ask(url, `/api/ddl/${page}?${query.toString()}`);
  if (status !== 200) throw new CommandFailed(`capture answers with status ${status}`);
  const listing = body as Listing;
  show(screen, listing, HEADINGS, listing.entries.map(rowOf));
  if (page === 'alerts') for (const { id, advice } of listing.entries) screen.say(`${id}: ${advice}`);
  screen.say(
    `${plural(listing.unacknowledged, 'alert')} not cleared; ${listing.entries.length} of ${listing.matching} shown`,
  );
  return true;
}

export async function ddlClear(
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const [id, table, by] = [values.text('id'), values.text('table'), whoIsIt(values)];
  const result = await order<{ cleared: readonly string[]; unacknowledged: number }>(
    captureUrl(config, values.text('url')),
    '/api/ddl/alerts/clear',
    {
      by,
      reason: values.text('reason') ?? '',
      ...(id === undefined ? {} : { ids: [id] }),
      ...(table === undefined ? {} : { table }),
    },
  );
  show(screen, result, [], []);
  screen.say(`${plural(result.cleared.length, 'alert')} cleared by ${by}; ${result.unacknowledged} left`);
  return id === undefined || result.cleared.length > 0;
}

export function captureUrl(config: SluiceConfig, url: string | undefined): string {
  return url ?? opsUrl(config, ['capture']);
}

function rowOf({ id, class: kind, policy, tables, statement, source }: Entry): readonly Cell[] {
  const at = new Date(source.timestamp).toISOString();
  const shown = statement.length > STATEMENT_LENGTH ? `${statement.slice(0, STATEMENT_LENGTH)}…` : statement;
  return [id, at, kind, policy, tables.join(' '), shown];
}
