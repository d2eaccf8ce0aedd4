import type { PreflightProblem } from '@sluice/runtime';
import { parseTableId, tablePattern } from '@sluice/envelope';
import { floorKey, tombstoneKey } from './redis-mapper.ts';
import { RowKeys, type RowSettings } from './row-keys.ts';
import { parseKeyTemplate } from './key-template.ts';
import { hashScript, jsonScript, type Script } from './scripts.ts';

/** A command of the sink, in a form that changes no row. */
export interface Probe {
  /** As an ACL rule names it. */
  readonly rule: string;
  readonly args: readonly [string, ...string[]];
}

/** What a probe's error reply says, by its first word and its kind. */
export interface Refusal {
  readonly rule: string;
  readonly ofKey: boolean;
}

export interface ProbedSink {
  /** `sinks.<name>`. */
  readonly section: string;
  readonly user: string;
  readonly keyPrefix: string;
  readonly rows: RowSettings['rows'];
  readonly format: 'json' | 'hash';
  /** `source.tables`. */
  readonly sourceTables: readonly string[];
  /** In decimal digits. */
  readonly databaseNumber: string;
  /** A key of the sink's own, which is written and removed. */
  readonly ownKey: string;
}

/** Every command that the sink and its scripts use, by itself; then a script with the keys of a row of each table. */
export function probesOf(sink: ProbedSink): readonly Probe[] {
  const key = sink.ownKey;
  const own = (rule: string, ...args: string[]): Probe => ({ rule: `+${rule}`, args: [rule, ...args] });
  const { script, fields } = scriptOf(sink.format);
  return [
    own('ping'),
    own('set', key, '0', 'EX', '10'),
    own('get', key),
    own('exists', key),
    ...(fields ? [] : [own('getrange', key, '0', '0'), own('setrange', key, '0', '0')]),
    own('del', key),
    ...(fields ? [own('hset', key, 'a', '0'), own('hget', key, 'a'), own('del', key)] : []),
    own('sadd', key, 'a'),
    own('expire', key, '10'),
    own('scard', key),
    own('del', key),
    own('scan', '0', 'COUNT', '1'),
    own('info', 'server'),
    ...(sink.databaseNumber === '0' ? [] : [own('select', sink.databaseNumber)]),
    // Nothing is in it, and EXEC ends it.
    { rule: '+multi +exec', args: ['multi'] },
    { rule: '+multi +exec', args: ['exec'] },
    { rule: '+script|load', args: ['script', 'LOAD', script.source] },
    ...tablesOf(sink).map(({ row, floor, rule }): Probe => {
      const keys = [row, tombstoneKey(row), floor];
      // Of a row that is not there: nothing is deleted.
      const args = ['evalsha', script.sha, String(keys.length), ...keys, 'below', '0', '0'] as const;
      return { rule, args: [...args] };
    }),
  ];
}

/**
 * One line for all that is refused, with the statement that allows it; null when nothing is. The server looks at the keys only
 * when the command is allowed, so the statement has them in any case.
 */
export function aclProblem(sink: ProbedSink, refusals: readonly Refusal[]): PreflightProblem | null {
  if (refusals.length === 0) return null;
  const tables = tablesOf(sink).map(({ rule }) => rule);
  const keys = ['~sluice:*', ...(tables.length > 0 ? tables : ['~*'])];
  const commands = refusals.flatMap(({ rule, ofKey }) => {
    if (ofKey) return [];
    return rule.startsWith('~') ? '+evalsha' : rule;
  });
  const lacking = [...(refusals.some(({ ofKey }) => ofKey) ? keys : []), ...new Set(commands)];
  const rules = [...keys, ...new Set(commands)].join(' ');
  return {
    setting: `the ACL of the user of ${sink.section}.url`,
    found: `"${sink.user}" without ${lacking.join(' ')}`,
    required: 'every command and key of the sink',
    fix: `ACL SETUSER ${sink.user} ${rules} (and ACL SAVE, or the same in the ACL file)`,
  };
}

interface ProbedKeys {
  /** The key of a row that is not there. */
  readonly row: string;
  readonly floor: string;
  /** Key pattern of an ACL. */
  readonly rule: string;
}

/** A table of each pattern whose database is named, and those that have keys of their own. */
function tablesOf(sink: ProbedSink): readonly ProbedKeys[] {
  const { keyPrefix, rows, sourceTables, section } = sink;
  const byName = new RowKeys({ keyPrefix, rows: {} }, section);
  const named = sourceTables.flatMap((pattern) => {
    const [database = '', table = ''] = pattern.split('.', 2);
    if (!isPlain(database) || rows[pattern]?.keyTemplate !== undefined) return [];
    const keys = byName.of({ database, table: table.replaceAll(/[*?]/g, '') || 'x' });
    const rule = isPlain(table) ? `${database}.${table}:*` : `${database}.*`;
    return {
      row: keys.rowKey({ id: 0 }, '{"id":0}'),
      floor: floorKey(keys.place),
      rule: `~${keyPrefix}${rule}`,
    };
  });
  return [...named, ...templatesOf(sink)];
}

function templatesOf({ keyPrefix, rows, sourceTables, section }: ProbedSink): readonly ProbedKeys[] {
  const rowKeys = new RowKeys({ keyPrefix, rows }, section);
  return Object.entries(rows).flatMap(([id, { keyTemplate: key }]) => {
    const name = parseTableId(id);
    const isTaken = sourceTables.some((pattern) => tablePattern(pattern)(name.database, name.table));
    if (key === undefined || !isTaken) return [];
    const keys = rowKeys.of(name);
    const zeros = Object.fromEntries(parseKeyTemplate(key).columns.map((column) => [column, 0]));
    const row = keys.rowKey(zeros, JSON.stringify(zeros));
    return { row, floor: floorKey(keys.place), rule: `~${keys.pattern}` };
  });
}

function isPlain(text: string): boolean {
  return !/[*?]/.test(text);
}

function scriptOf(format: ProbedSink['format']): { script: Script; fields: boolean } {
  return format === 'hash' ? { script: hashScript, fields: true } : { script: jsonScript, fields: false };
}
