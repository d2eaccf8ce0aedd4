import { expect, test } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import { EXIT, exitCodeOf } from '../src/exit.ts';

test('the exit code tells "fix me" from "restart me"', () => {
  expect(exitCodeOf(new PipelineError('CONFIG_INVALID', ''))).toBe(EXIT.configuration);
  expect(exitCodeOf(new PipelineError('MYSQL_AUTH_FAILED', ''))).toBe(EXIT.fatal);
  expect(exitCodeOf(new PipelineError('MYSQL_TABLE_UNKNOWN', ''))).toBe(EXIT.fatal);
  expect(exitCodeOf(new PipelineError('MYSQL_UNREACHABLE', ''))).toBe(EXIT.unexpected);
  expect(exitCodeOf(new TypeError('a bug'))).toBe(EXIT.unexpected);
  expect(EXIT).toEqual({ stopped: 0, unexpected: 1, configuration: 64, preflight: 69, fatal: 70 });
});
