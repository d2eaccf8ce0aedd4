import type { ServerKind } from '@sluice/binlog/type-cases';

/** A server that the table is run on. */
export interface SourceServer extends ServerKind {
  /** How a page calls it. */
  readonly label: string;
}

export const SOURCE_SERVERS: readonly SourceServer[] = [
  { label: 'MySQL 9.7', flavour: 'mysql', version: '9.7' },
  { label: 'MariaDB 10.11', flavour: 'mariadb', version: '10.11' },
  { label: 'MariaDB 11.8', flavour: 'mariadb', version: '11.8' },
];
