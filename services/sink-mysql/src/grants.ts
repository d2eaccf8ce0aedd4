/** What `SHOW GRANTS` says of whole databases; a right on one table or column is not a right to keep a copy. */

/** Without them no row can be written. */
export const ROW_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
/** For tables that are to be made, and to follow those of the source; ALTER TABLE needs no more for columns and keys. */
export const TABLE_RIGHTS = ['CREATE', 'ALTER'] as const;

/** `DROP`: of a rebuild, which renames tables and removes what they have replaced. */
type Right = (typeof ROW_RIGHTS)[number] | (typeof TABLE_RIGHTS)[number] | 'DROP';

export interface Grants {
  /** False where a role may bring rights that are not shown. */
  readonly isComplete: boolean;
  /** Rights that are missing for all tables of a database, in the order in which they are asked for. */
  missing(database: string, wanted: readonly Right[]): readonly Right[];
}

/** @param lines of SHOW GRANTS, as MySQL and MariaDB write them */
export function readGrants(lines: readonly string[]): Grants {
  const scopes = lines.flatMap((line) => {
    const parts = /^GRANT (.+?) ON (\*|`(?:[^`]|``)+`)\.\* TO /u.exec(line);
    if (parts === null) return [];
    const [, rights = '', scope = ''] = parts;
    return [{ rights: new Set(rights.split(', ')), covers: coverage(scope) }];
  });
  return {
    isComplete: !lines.some((line) => /^GRANT (?:[`'"]|\w+ TO )/u.test(line)),
    missing: (database, wanted) => {
      const held = scopes.filter(({ covers }) => covers.test(database)).map(({ rights }) => rights);
      return wanted.filter(
        (right) => !held.some((rights) => rights.has('ALL PRIVILEGES') || rights.has(right)),
      );
    },
  };
}

/** Which databases `*` or a quoted name with the wildcards `%` and `_` means (manual: "GRANT Statement", Database Privileges). */
function coverage(scope: string): RegExp {
  if (scope === '*') return /^/;
  const name = scope.slice(1, -1).replaceAll('``', '`');
  const pattern = name.replace(/\\([%_\\])|([%_])|([.*+?^${}()|[\]\\])/g, (_, escaped, wildcard, special) => {
    if (wildcard === '%') return '.*';
    if (wildcard === '_') return '.';
    return typeof special === 'string' ? `\\${special}` : String(escaped);
  });
  // Servers with lower_case_table_names show names in one case and take them in any.
  return new RegExp(`^${pattern}$`, 'iu');
}

/** What an account of the sink may have on a database that it fills; `DROP` is for its rebuild. */
const FITTING: ReadonlySet<string> = new Set([...ROW_RIGHTS, ...TABLE_RIGHTS, 'DROP', 'USAGE']);

/**
 * Rights that the sink has no use for: any on all databases of the server, and others than those on rows and tables of one.
 * @param lines of SHOW GRANTS @returns sorted, such as `SUPER`, `INSERT on *.*`
 */
export function excessRights(lines: readonly string[]): readonly string[] {
  const excess = lines.flatMap((line) => {
    const parts =
      /^GRANT (.+?) ON (\*\.\*|(?:PROCEDURE |FUNCTION )?`(?:[^`]|``)+`\.(?:\*|`(?:[^`]|``)+`)) TO (.*)$/u.exec(
        line,
      );
    if (parts === null) return [`what SHOW GRANTS tells: ${line.replace(/ TO .*$/u, '')}`];
    const [, rights = '', scope = '', options = ''] = parts;
    const held = rights.replaceAll(/ \([^)]*\)/gu, '').split(', ');
    const everywhere =
      scope === '*.*' || /^`%+`\.\*$/u.test(scope)
        ? held.filter((right) => right !== 'USAGE' && FITTING.has(right))
        : [];
    return [
      ...held.filter((right) => right !== '' && !FITTING.has(right)),
      ...everywhere.map((right) => `${right} on ${scope}`),
      ...(options.endsWith(' WITH GRANT OPTION') ? ['GRANT OPTION'] : []),
    ];
  });
  return [...new Set(excess)].sort();
}
