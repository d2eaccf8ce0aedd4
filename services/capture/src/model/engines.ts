/**
 * Engines, as information_schema.TABLES names them, whose tables have no rows of their own, or rows that change without the server's
 * binlog: manual of MySQL 8.4, chapter 18, and MariaDB's pages on its storage engines. `MRG_MyISAM` is MERGE.
 */
const WITHOUT_ROWS =
  /^(?:BLACKHOLE|EXAMPLE|MRG_MYISAM|MERGE|FEDERATED|FEDERATEDX|SPIDER|CONNECT|SPHINX|OQGRAPH|SEQUENCE|VP|CASSANDRA)$/iu;

/** Those that take all rows of a table which is altered to them, and write each later change of them to the binlog. */
const KEEPING =
  /^(?:INNODB|XTRADB|MYISAM|ARIA|MARIA|ROCKSDB|TOKUDB|MEMORY|HEAP|ARCHIVE|CSV|NDB|NDBCLUSTER|MROONGA)$/iu;

/** An engine that nobody knows here is taken for one that keeps its rows, as that of a view, null, is. */
export function keepsRows(engine: string | null): boolean {
  return engine === null || !WITHOUT_ROWS.test(engine);
}

/** Whether a table that gets this engine has the rows of before. */
export function takesRows(engine: string): boolean {
  return KEEPING.test(engine);
}
