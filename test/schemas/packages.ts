import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { debianTree } from '@sluice/local-stack';

/** A script as a client is given it. */
export interface Script {
  readonly name: string;
  readonly sql: string;
}

/** What one application does to its database: first it is installed, then one upgrade after the other is carried out. */
export interface Application {
  readonly name: string;
  readonly install: readonly Script[];
  readonly upgrades: readonly Script[];
}

interface Source {
  readonly name: string;
  readonly packages: readonly string[];
  /** Files below the packages' root, or folders of which every file is taken in name order. */
  readonly install: readonly string[];
  readonly upgrades: readonly string[];
}

const SHARE = 'usr/share';
const DBCONFIG = `${SHARE}/dbconfig-common/data`;
const MEDIAWIKI = `${SHARE}/mediawiki`;
const EXTENSIONS = `${MEDIAWIKI}/extensions-core`;
const ZABBIX = `${SHARE}/zabbix-server-mysql`;

const SOURCES: readonly Source[] = [
  {
    name: 'wordpress',
    packages: ['wordpress'],
    install: [`${SHARE}/wordpress/wp-admin/includes/schema.php`],
    upgrades: [],
  },
  {
    name: 'mediawiki',
    packages: ['mediawiki'],
    install: [
      `${MEDIAWIKI}/maintenance/tables.sql`,
      `${MEDIAWIKI}/maintenance/tables-generated.sql`,
      `${EXTENSIONS}/Math/sql/mysql/mathoid.sql`,
      `${EXTENSIONS}/Math/sql/mysql/mathlatexml.sql`,
      `${EXTENSIONS}/OATHAuth/sql/mysql/tables-generated.sql`,
      `${EXTENSIONS}/AbuseFilter/db_patches/mysql/tables-generated.sql`,
    ],
    upgrades: [`${MEDIAWIKI}/maintenance/archives`],
  },
  {
    name: 'zabbix',
    packages: ['zabbix-server-mysql'],
    install: ['schema', 'images', 'data'].map((part) => `${ZABBIX}/${part}.sql.gz`),
    upgrades: ['double', 'history_pk_prepare'].map((part) => `${ZABBIX}/${part}.sql.gz`),
  },
  {
    name: 'roundcube',
    packages: ['roundcube-core'],
    install: [`${SHARE}/roundcube/SQL/mysql.initial.sql`],
    upgrades: [`${SHARE}/roundcube/SQL/mysql`],
  },
  {
    name: 'phpmyadmin',
    packages: ['phpmyadmin'],
    install: [`${SHARE}/phpmyadmin/sql/create_tables.sql`],
    upgrades: [`${SHARE}/phpmyadmin/sql`, `${DBCONFIG}/phpmyadmin/upgrade/mysql`],
  },
  {
    name: 'icinga',
    packages: ['icinga2-ido-mysql'],
    install: [`${DBCONFIG}/icinga2-ido-mysql/install/mysql`],
    upgrades: [`${DBCONFIG}/icinga2-ido-mysql/upgrade/mysql`],
  },
  {
    name: 'bacula',
    packages: ['bacula-director-mysql'],
    install: [`${DBCONFIG}/bacula-director-mysql/install/mysql`],
    upgrades: [`${DBCONFIG}/bacula-director-mysql/upgrade/mysql`],
  },
  {
    name: 'cacti',
    packages: ['cacti'],
    install: [`${SHARE}/cacti/conf_templates/cacti.sql`],
    upgrades: [],
  },
];

export const APPLICATIONS: readonly string[] = SOURCES.map(({ name }) => name);

/** Throws for a name that is not in APPLICATIONS. */
export async function application(name: string, say: (line: string) => void): Promise<Application> {
  const source = SOURCES.find((each) => each.name === name);
  if (source === undefined) throw new Error(`no application ${name}: there are ${APPLICATIONS.join(', ')}`);
  const tree = { key: `schemas-${name}`, suite: 'bookworm', packages: source.packages, alone: true } as const;
  const root = await debianTree(tree, { onProgress: say });
  return {
    name,
    install: await scriptsOf(root, source.install),
    upgrades: await scriptsOf(root, source.upgrades),
  };
}

/** A folder of SQL files of the operator's own: the first by name installs, the others upgrade. */
export async function ownApplication(folder: string): Promise<Application> {
  const [first, ...others] = await scriptsOf(folder, ['.']);
  if (first === undefined) throw new Error(`${folder} has no files`);
  return { name: 'own', install: [first], upgrades: others };
}

async function scriptsOf(root: string, paths: readonly string[]): Promise<Script[]> {
  const scripts: Script[] = [];
  for (const path of paths) {
    const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => null);
    const files = entries?.filter((entry) => entry.isFile()).map((entry) => join(path, entry.name));
    for (const file of files?.toSorted(byVersion) ?? [path]) {
      const bytes = await readFile(join(root, file));
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      scripts.push({ name: file, sql: file.endsWith('.php') ? wordpressSql(text) : text });
    }
  }
  return scripts;
}

/** `2.9.0` comes before `2.13.0`. */
const byVersion = (one: string, other: string): number => one.localeCompare(other, 'en', { numeric: true });

/** The statements between the lines of WordPress' installer, which it makes from a template. */
export function wordpressSql(php: string): string {
  const tables = php.matchAll(/CREATE TABLE \$wpdb->(\w+) \(([^;]*)\) \$charset_collate;/g);
  const seen = new Set<string>();
  const statements: string[] = [];
  for (const [, name = '', columns = ''] of tables) {
    if (seen.has(name)) continue; // the second form of a table is for several sites
    seen.add(name);
    const body = columns.replaceAll('$max_index_length', '191');
    statements.push(
      `CREATE TABLE wp_${name} (${body}) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;`,
    );
  }
  return statements.join('\n');
}
