import { readFile } from 'node:fs/promises';
import type { Connection } from '@sluice/mysql';

/** Runs the statements of a file that a command has written, as a client does: up to the first error, and then it is gone. */
export async function runSqlFile(connection: Connection, path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').filter((line) => !line.startsWith('--'));
  try {
    for (const statement of lines.join('\n').split(/;\n/u))
      if (statement.trim() !== '') await connection.query(statement);
  } finally {
    connection.destroy();
  }
}

/** The statements that the comments at its end give, behind the text that says when. */
export async function closingStatements(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const from = lines.findLastIndex((line) => line.startsWith('-- All are taken back'));
  return lines.slice(from + 1).map((line) => line.replace(/^-- (.*);$/u, '$1'));
}
