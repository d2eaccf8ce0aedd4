/**
 * The statement that sets a variable of the source, and what makes it outlive a restart of the server, in parentheses.
 * @param assignment such as `binlog_format = 'ROW'`
 */
export function setGlobal(assignment: string): string {
  return `SET GLOBAL ${assignment}; (and in the server's option file, such as my.cnf, or on MySQL by SET PERSIST: its next restart forgets it otherwise)`;
}
