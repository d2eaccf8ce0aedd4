/** The one account of every local MySQL and MariaDB; the servers listen on the loopback interface only. */
export const ACCOUNT = { user: 'root', password: 'sluice' } as const;

/** Statements, one a line, that let the account in from every host with its password. */
export function createAccountStatements(flavour: 'mysql' | 'mariadb'): string[] {
  const plugin =
    flavour === 'mysql' ? 'caching_sha2_password BY' : 'VIA mysql_native_password USING PASSWORD';
  const identified =
    flavour === 'mysql'
      ? `IDENTIFIED WITH ${plugin} '${ACCOUNT.password}'`
      : `IDENTIFIED ${plugin}('${ACCOUNT.password}')`;
  return [
    `ALTER USER '${ACCOUNT.user}'@'localhost' ${identified};`,
    `CREATE USER '${ACCOUNT.user}'@'%' ${identified};`,
    `GRANT ALL PRIVILEGES ON *.* TO '${ACCOUNT.user}'@'%' WITH GRANT OPTION;`,
  ];
}
