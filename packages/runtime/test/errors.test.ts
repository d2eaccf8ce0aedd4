import { expect, test } from 'vitest';
import { ERRORS, PipelineError } from '../src/errors.ts';

test('the table is sorted, and every entry says what happened and what to do', () => {
  const codes = Object.keys(ERRORS);
  expect(codes).toEqual([...codes].sort());
  const badlyWritten = Object.entries(ERRORS).filter(
    ([code, { summary, fix }]) =>
      !/^[A-Z][A-Z0-9_]+$/.test(code) || summary.endsWith('.') || !/[.?]$/.test(fix),
  );
  expect(badlyWritten).toEqual([]);
});

test('the class comes from the table', () => {
  const cause = new Error('below');
  const error = new PipelineError('MYSQL_BUSY', 'deadlock', { cause, context: { errno: 1213 } });
  expect(error).toMatchObject({
    code: 'MYSQL_BUSY',
    errorClass: 'retryable',
    context: { errno: 1213 },
    cause,
  });
});
