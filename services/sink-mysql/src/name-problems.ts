import { parseTableId, tableIdOf, type TableName } from '@sluice/envelope';
import { lengthOf, NAME_MAX } from './table-template.ts';

export interface NameProblem {
  readonly found: string;
  readonly required: string;
  readonly fix: string;
}

/**
 * What is wrong with the names that single tables get on the target: two with one, and names that no server takes. Of tables that a wildcard
 * stands for it is seen when they come.
 * @param patterns of `tables`, or of `source.tables`
 * @param nameOf where the copy of a table would be
 */
export function nameProblems(
  patterns: readonly string[],
  nameOf: (source: TableName) => TableName,
): readonly NameProblem[] {
  const problems: NameProblem[] = [];
  const owners = new Map<string, string>();
  for (const pattern of new Set(patterns)) {
    if (/[*?]/.test(pattern)) continue;
    const source = parseTableId(pattern);
    const name = nameOf(source);
    const [id, target] = [tableIdOf(source), tableIdOf(name)];
    const owner = owners.get(target) ?? id;
    owners.set(target, owner);
    if (lengthOf(name.table) > NAME_MAX) problems.push(tooLong(id, name.table));
    if (owner !== id) problems.push(shared([owner, id], target));
  }
  return problems;
}

function tooLong(id: string, table: string): NameProblem {
  return {
    found: `the name ${table} of ${lengthOf(table)} characters for ${id}`,
    required: `names of at most ${NAME_MAX} characters`,
    fix: 'shorten `tableTemplate`, or leave the table to another sink (`excludeTables`)',
  };
}

function shared([one, other]: readonly [string, string], target: string): NameProblem {
  return {
    found: `${target} for both ${one} and ${other}`,
    required: 'a table for each',
    fix: 'put {database} into `tableTemplate`, or map the two to different databases (`databases`)',
  };
}
