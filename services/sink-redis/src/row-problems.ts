import { NOT_TAKEN, takesTable, type TakenTables } from '@sluice/sink-kit';
import { parseKeyTemplate, templatesMeet, type KeyTemplate } from './key-template.ts';

export interface RowProblem {
  readonly path: readonly string[];
  readonly message: string;
}

interface RowsOfSection extends TakenTables {
  readonly keyPrefix: string;
  readonly rows: Readonly<Record<string, { readonly keyTemplate?: string | undefined }>>;
}

/** What is wrong with `rows` of a section: templates by which two rows could have one key, and tables that the sink does not take. */
export function rowProblems(section: RowsOfSection): readonly RowProblem[] {
  const problems: RowProblem[] = [];
  const known = new Map<string, KeyTemplate>();
  for (const [id, { keyTemplate: key }] of Object.entries(section.rows)) {
    if (!takesTable(section, id)) problems.push({ path: ['rows', id], message: NOT_TAKEN });
    const message = key === undefined ? null : keyProblem(key, section.keyPrefix, known);
    if (key === undefined) continue;
    if (message !== null) problems.push({ path: ['rows', id, 'keyTemplate'], message });
    else known.set(id, parseKeyTemplate(key));
  }
  return problems;
}

function keyProblem(key: string, keyPrefix: string, others: ReadonlyMap<string, KeyTemplate>): string | null {
  if (`${keyPrefix}${key}`.startsWith('sluice:'))
    return 'must not begin with sluice:, as the keys of the sink itself do';
  try {
    const template = parseKeyTemplate(key);
    const [met] = [...others].find(([, other]) => templatesMeet(template, other)) ?? [];
    return met === undefined
      ? null
      : `gives a row the key that a row of ${met} can have: begin it with another word, or add one behind a colon`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
