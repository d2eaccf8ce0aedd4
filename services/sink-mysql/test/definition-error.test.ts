import { expect, test } from 'vitest';
import { definitionError } from '../src/definition-error.ts';

/** As mysql2 makes it. */
const serverError = (errno: number, code: string, message: string): Error =>
  Object.assign(new Error(message), { errno, code, sqlState: 'HY000', sqlMessage: message });

test.each([
  [1366, 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD', "Incorrect integer value: 'ann' for column 'phone' at row 1"],
  [1062, 'ER_DUP_ENTRY', "Duplicate entry 'ann' for key 'a'"],
  [1526, 'ER_NO_PARTITION_FOR_GIVEN_VALUE', 'Table has no partition for value ann'],
  [1644, 'ER_SIGNAL_EXCEPTION', 'ann is not wanted'],
  [1690, 'ER_DATA_OUT_OF_RANGE', "BIGINT value is out of range in '(ann)'"],
  [9999, 'ER_OF_TOMORROW', "nobody knows yet that 'ann' is quoted"],
])('what a server says of a value is not passed on: %s', (errno, code, message) => {
  const { message: told, code: own } = definitionError(
    serverError(errno, code, message),
    'shop.a',
    'ALTER TABLE a',
  );
  expect(told).not.toContain('ann');
  expect([own, told.includes(`${code} (${errno})`)]).toEqual(['TARGET_TABLE_REFUSED', true]);
});

test.each([
  [1071, 'ER_TOO_LONG_KEY', 'Specified key was too long; max key length is 3072 bytes'],
  [1060, 'ER_DUP_FIELDNAME', "Duplicate column name 'a'"],
])('what it says of names is: %s', (errno, code, message) => {
  expect(definitionError(serverError(errno, code, message), 'shop.a').message).toContain(message);
});
