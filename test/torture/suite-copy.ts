import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** What has files that are run, or that those include. */
const CHANGED = ['include', 'main', 'suite'];
const TEXTS = new Set(['.test', '.inc']);
/** They make a master and its replicas. */
const MAKES_REPLICAS = new Set(['include/master-slave.inc', 'include/rpl_init.inc']);
const NAMES = ['master', 'master1', 'slave', 'slave1', 'server_1', 'server_2', 'server_3', 'server_4'];

/**
 * Makes a copy of the suite's files in which those that are about a replica do with one server: it links to all that stays
 * as it is.
 */
export async function copySuite(files: string, copy: string, inside = ''): Promise<void> {
  await mkdir(join(copy, inside), { recursive: true });
  for (const entry of await readdir(join(files, inside), { withFileTypes: true })) {
    const path = join(inside, entry.name);
    const isWithin = CHANGED.some((folder) => folder === path || path.startsWith(`${folder}/`));
    if (isWithin && entry.isDirectory()) await copySuite(files, copy, path);
    else if (isWithin && TEXTS.has(extname(path))) {
      const text = await readFile(join(files, path), 'latin1');
      await writeFile(join(copy, path), MAKES_REPLICAS.has(path) ? connects() : onOneServer(text), 'latin1');
    } else await symlink(join(files, path), join(copy, path));
  }
}

/** The connections that files expect to a master and its replicas. */
function connects(): string {
  const lines = NAMES.map((name) => `connect (${name},localhost,root,,test);`);
  return [...lines, 'connection master;', ''].join('\n');
}

const command = (what: string): RegExp =>
  RegExp(String.raw`^[ \t]*(?:--[ \t]*)?${what}[ \t]*;?[ \t]*(?:#.*)?$`, 'gim');
const included = (names: string): RegExp => command(String.raw`source[ \t]+include\/(?:${names})\.inc`);

const FOLLOWS = command(String.raw`sync_slave_with_master(?:[ \t]+(\w+))?`);
const LEFT_OUT = [
  included(
    String.raw`rpl_end|rpl_reset|rpl_sync|rpl_(?:start|stop)_slaves|rpl_change_topology|(?:start|stop|reset)_slave\w*|(?:wait_for|check|sync|show)_slave_\w+|(?:save|sync_with)_master\w*|have_binlog_format_\w+`,
  ),
  command(String.raw`(?:save_master_pos|sync_with_master\b[^;\n]*)`),
  // What is not in the binlog, or only in part, is not captured: docs/limits.md.
  command(
    String.raw`set[ \t]+(?:(?:session|global)[ \t]+|@@(?:(?:session|global)\.)?)?(?:sql_log_bin|binlog_row_image)[ \t]*=[^,;\n]*`,
  ),
  command(String.raw`(?:eval[ \t]+)?(?:start|stop|reset)[ \t]+(?:(?:all[ \t]+)?slaves?|master)\b[^;\n]*`),
];

/** What is done on a replica is done on the server itself, by another connection; nothing waits for a replica or makes one. */
export function onOneServer(text: string): string {
  const kept = LEFT_OUT.reduce((rest, left) => rest.replaceAll(left, ''), text);
  return kept.replaceAll(FOLLOWS, (_, name: string | undefined) => `connection ${name ?? 'slave'};`);
}
