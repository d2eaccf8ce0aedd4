import { join } from 'node:path';

/**
 * Of each server its own (`tmpdir`): a MariaDB that starts removes all temporary tables that it finds there, also those that another
 * one is using, which then gives EE_DELETE for a query or ends with SIGSEGV.
 * @param folder the server's
 */
export function temporaryFolder(folder: string): string {
  return join(folder, 'tmp');
}
