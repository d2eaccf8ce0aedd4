import { readFile } from 'node:fs/promises';
import { CommandFailed } from './command-failed.ts';
import type { OptionValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';

/** The account of `--user` and `--password-file`; null: the login of `source`. Throws UsageError and CommandFailed. */
export async function loginOf(
  values: OptionValues,
): Promise<{ readonly user: string; readonly password: string } | null> {
  const [user, file] = [values.text('user'), values.text('password-file')];
  if (user === undefined && file === undefined) return null;
  if (user === undefined || file === undefined)
    throw new UsageError('--user and --password-file are given together');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`--password-file: ${file} cannot be read`, { cause: error });
  });
  return { user, password: text.replace(/\r?\n$/, '') };
}
