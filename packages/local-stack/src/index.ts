export { debianTree, type DebianTree, type DebianTreeOptions } from './debian-tree.ts';
export { ADDRESS_VARIABLES } from './environment.ts';
export { debianCommand } from './install/unpacked-program.ts';
export { freePorts } from './ports.ts';
export type { MariadbVersion } from './servers/mariadb-server.ts';
export type { ServerName } from './servers/server.ts';
export { type MysqlServer, Stack } from './stack.ts';
export { type StackOptions, startStack } from './start-stack.ts';
export type { ProcessSignal } from './supervision.ts';
