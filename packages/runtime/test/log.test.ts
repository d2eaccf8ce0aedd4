import { expect, test } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import { createLogger, describeError, wordsOf } from '../src/log.ts';

function capture(level = 'info'): { lines: string[]; log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, log: createLogger('capture', { level }, { write: (line) => lines.push(line) }) };
}

test('a line is JSON with service, level as a word, ISO time and the fields', () => {
  const { lines, log } = capture();
  log.info({ event: 'batch.published', topic: 't' }, 'published');
  log.debug('not at this level');
  expect(lines).toHaveLength(1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(line).toMatchObject({
    level: 'info',
    service: 'capture',
    event: 'batch.published',
    topic: 't',
    msg: 'published',
  });
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('rows, statements and secrets are removed by name', () => {
  const { lines, log } = capture();
  log.info({ password: 'x1', source: { password: 'x2' }, a: { b: { authorization: 'x3' } } }, 'a');
  log.info({ before: { id: 'x4' }, payload: { after: { id: 'x5' } }, sql: 'x6' }, 'b');
  expect(lines.join('')).not.toMatch(/x[1-6]/);
});

test('a PipelineError is written with code, class, fix and context', () => {
  const cause = Object.assign(new Error("Duplicate entry 'ann' for key"), {
    sqlState: '23000',
    errno: 1062,
    code: 'ER_DUP_ENTRY',
  });
  const error = new PipelineError('MYSQL_DUPLICATE', 'MySQL gave ER_DUP_ENTRY (1062)', {
    cause,
    context: { errno: 1062 },
  });
  expect(describeError(error)).toEqual({
    name: 'PipelineError',
    code: 'MYSQL_DUPLICATE',
    class: 'record',
    message: 'MySQL gave ER_DUP_ENTRY (1062)',
    fix: expect.stringContaining('unique index') as unknown,
    context: { errno: 1062 },
    cause: { name: 'Error', code: 'ER_DUP_ENTRY', errno: 1062 },
  });
});

test("a driver's error loses its message and statement, which hold row values; any other keeps its message", () => {
  const driver = Object.assign(new Error("Data too long: 'ann'"), {
    sql: "INSERT 'ann'",
    sqlMessage: 'ann',
    errno: 1406,
  });
  const { lines, log } = capture();
  log.error({ err: driver }, 'failed');
  expect(lines.join('')).not.toContain('ann');
  expect(describeError(driver)).toMatchObject({
    errno: 1406,
    stack: expect.stringContaining('at ') as unknown,
  });
  expect(describeError(new TypeError('x is not a function'))).toMatchObject({
    name: 'TypeError',
    message: 'x is not a function',
  });
});

/** As each library makes them. */
const OF_STORES: readonly (readonly [string, Error, string])[] = [
  [
    'mysql2',
    Object.assign(new Error("Incorrect integer value: 'ann'"), {
      code: 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
      errno: 1366,
      sqlState: 'HY000',
      sqlMessage: "Incorrect integer value: 'ann'",
    }),
    'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD (1366)',
  ],
  [
    'ioredis',
    Object.assign(new Error("ERR value 'ann' is not an integer"), {
      name: 'ReplyError',
      command: { name: 'set', args: ['ann'] },
    }),
    'ReplyError',
  ],
  [
    'elasticsearch',
    Object.assign(new Error("document_parsing_exception: Preview of field's value: 'ann'"), {
      name: 'ResponseError',
      meta: { body: 'ann' },
    }),
    'ResponseError',
  ],
  ['JSON.parse', new SyntaxError('Unexpected token \'a\', "ann" is not valid JSON'), 'SyntaxError'],
];

test.each(OF_STORES)('what %s says of a value goes neither into a log nor to people', (_, error, words) => {
  expect(JSON.stringify(describeError(error))).not.toContain('ann');
  expect(
    JSON.stringify(describeError(new PipelineError('MYSQL_DUPLICATE', 'x', { cause: error }))),
  ).not.toContain('ann');
  expect(wordsOf(error)).toBe(words);
});

test('words of our own and of the system are told', () => {
  const system = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  expect(wordsOf(system)).toBe('connect ECONNREFUSED 127.0.0.1:1');
  expect(wordsOf(new PipelineError('MYSQL_DUPLICATE', 'MySQL gave ER_DUP_ENTRY (1062)'))).toBe(
    'MySQL gave ER_DUP_ENTRY (1062)',
  );
});
