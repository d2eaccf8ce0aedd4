import { pickOr, type Dialect } from './dialect.ts';

/** Statements that a session begins with, and how it writes what follows. */
export interface SessionStart {
  readonly statements: readonly string[];
  readonly dialect: Dialect;
}

const SQL_MODES = [
  '',
  'STRICT_TRANS_TABLES',
  'TRADITIONAL',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES',
  'ANSI,PAD_CHAR_TO_FULL_LENGTH',
  'NO_ZERO_DATE,NO_AUTO_VALUE_ON_ZERO,HIGH_NOT_PRECEDENCE',
];
const TIME_ZONES = ['+00:00', '+05:45', '-11:00', '+13:59'];
const CLIENT_CHARSETS = ['utf8mb4', 'latin1', 'utf8mb3', 'cp1251', 'cp850', 'koi8r'];

/** The driver writes halves of a character beyond 16 bits in utf8mb3, which MariaDB keeps as they are: no text any more. */
function clientCharsets(flavour: Dialect['flavour']): readonly string[] {
  return flavour === 'mysql' ? CLIENT_CHARSETS : CLIENT_CHARSETS.filter((name) => name !== 'utf8mb3');
}

export function randomSession(
  base: Omit<Dialect, 'ansiQuotes' | 'plainBackslash' | 'client' | 'hidden'>,
): SessionStart {
  const { random, ingredients } = base;
  const mode = ingredients.has('sql modes') ? random.pick(SQL_MODES) : 'STRICT_TRANS_TABLES';
  const statements = [
    'SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1',
    `SET SESSION sql_mode = '${mode}'`,
  ];
  if (ingredients.has('time zones')) statements.push(`SET SESSION time_zone = '${random.pick(TIME_ZONES)}'`);
  const client = ingredients.has('client charsets')
    ? pickOr(random, 0.3, clientCharsets(base.flavour))
    : 'utf8mb4';
  statements.push(`SET NAMES ${client}`);
  if (ingredients.has('mixed format') && random.chance(0.15)) {
    statements.push(
      'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
      'SET SESSION binlog_format = MIXED',
    );
  } else if (random.chance(0.2)) {
    statements.push(
      `SET SESSION TRANSACTION ISOLATION LEVEL ${random.pick(['SERIALIZABLE', 'READ UNCOMMITTED'])}`,
    );
  }
  if (ingredients.has('statement format') && random.chance(0.05))
    statements.push('SET SESSION binlog_format = STATEMENT');
  if (ingredients.has('compressed') && base.flavour === 'mysql' && random.chance(0.2))
    statements.push('SET SESSION binlog_transaction_compression = ON');
  const isUnbound = random.chance(0.1);
  if (isUnbound) statements.push('SET SESSION foreign_key_checks = 0');
  // With both InnoDB of MariaDB fills empty tables in bulk, and its replica has stopped at the COMMIT of such a statement.
  if (random.chance(0.1) && !(isUnbound && base.flavour === 'mariadb'))
    statements.push('SET SESSION unique_checks = 0');
  const isAnsi = mode.includes('ANSI');
  return {
    statements,
    dialect: {
      ...base,
      ansiQuotes: isAnsi,
      plainBackslash: mode.includes('NO_BACKSLASH'),
      client,
      hidden: new Set(),
    },
  };
}
