import { describeMysqlError, toPipelineError, type MysqlErrorKind } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { CODES } from './errors.ts';

const ADVICE: Readonly<Partial<Record<MysqlErrorKind, string>>> = {
  duplicate: 'delete the rows of the target that are double',
  privilege: 'give the account the right',
  value: 'correct or delete the rows of the target that do not match',
};

/**
 * Errors whose words name tables, columns, indexes, types and rights, never a value: of all others a server may quote rows. Numbers of
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and https://mariadb.com/kb/en/mariadb-error-code-reference/.
 */
const OF_NAMES: ReadonlySet<number> = new Set(
  Object.values({
    rights: [1044, 1142, 1143, 1227, 1370],
    names: [1050, 1051, 1054, 1059, 1060, 1061, 1068, 1072, 1091, 1102, 1103, 1146, 1166, 1280],
    columnsAndIndexes: [
      1063, 1067, 1070, 1071, 1073, 1074, 1075, 1089, 1101, 1115, 1118, 1163, 1167, 1170, 1171, 1235, 1253,
      1273, 1283, 1293, 1294,
    ],
    typesAndEngines: [
      1425, 1426, 1439, 1478, 1487, 1503, 1506, 1664, 1674, 1709, 1727, 1728, 1845, 1846, 1853,
    ],
    foreignKeys: [1215, 1217, 1822, 1824, 1826, 1828, 1829, 1830, 1832, 1833, 1834, 3734, 3780],
    expressions: [3105, 3106, 3108, 3109, 3152, 3754, 3756, 3757, 3758, 3820, 3822, 3823, 3837, 3855, 3959],
  }).flat(),
);

/** What the server calls wrong with a definition is the table's trouble. */
export function definitionError(error: unknown, id: string, statement = ''): PipelineError {
  const failure = toPipelineError(error, 'item');
  const { kind, errno } = describeMysqlError(error);
  const isOfTable = failure.errorClass === 'record' || kind === 'privilege';
  if (!isOfTable || failure.code === CODES.TARGET_TABLE_REFUSED) return failure;
  const isClean = errno !== null && OF_NAMES.has(errno) && error instanceof Error;
  const reason = isClean ? `: ${error.message.slice(0, 300)}` : '';
  const advice =
    statement === '' ? '' : `; ${ADVICE[kind] ?? 'make this possible'}, or do it by hand: ${statement}`;
  return new PipelineError(CODES.TARGET_TABLE_REFUSED, `${id}: ${failure.message}${reason}${advice}`, {
    cause: error,
  });
}
