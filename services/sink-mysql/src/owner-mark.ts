import { quote, quoteIdentifier } from '@sluice/mysql';
import { SEQUENCE_DEFINITION } from './table-definition.ts';

/** Whose copy a table of the target is, as the comment of Sluice's own column says. */
export interface OwnerMark {
  /** Prefix of the topics, table on the source, and the sink where it has a name of its own. */
  readonly owner: string;
  /** The name that the table was given, where that is not the one on the source: a table of another name was renamed or copied by hand. */
  readonly name: string | null;
}

const FORM = /^sluice(?: `(?<name>(?:[^`]|``)+)`)?: (?<owner>.*)$/su;

/** Null for a comment that is none of Sluice's. */
export function readMark(comment: string): OwnerMark | null {
  const { name, owner } = FORM.exec(comment)?.groups ?? {};
  return owner === undefined ? null : { owner, name: name?.replaceAll('``', '`') ?? null };
}

/** The statement that marks a table; `id` is its quoted name. */
export function markSql(id: string, { owner, name }: OwnerMark): string {
  const comment = `sluice${name === null ? '' : ` ${quoteIdentifier(name)}`}: ${owner}`;
  return `ALTER TABLE ${id} MODIFY COLUMN ${SEQUENCE_DEFINITION} COMMENT ${quote(comment)}`;
}
