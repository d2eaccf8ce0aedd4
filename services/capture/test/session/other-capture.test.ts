import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { answerOf } from '../../src/session/other-capture.ts';

const SILENCE = new PipelineError('KAFKA_UNREACHABLE', 'no answer');

test('a Kafka that does not answer is asked again until it does', async () => {
  const answers: (() => boolean)[] = [refuse, refuse, () => true];
  const waited: string[] = [];
  const isTaken = await answerOf(
    async () => (answers.shift() ?? refuse)(),
    async ({ code }, failures) => void waited.push(`${code} ${failures}`),
    new AbortController().signal,
  );
  expect([isTaken, waited]).toEqual([true, ['KAFKA_UNREACHABLE 1', 'KAFKA_UNREACHABLE 2']]);
});

test('the end of the process ends the asking', async () => {
  const process = new AbortController();
  const isTaken = await answerOf(
    async () => refuse(),
    async () => process.abort(),
    process.signal,
  );
  expect(isTaken).toBe(false);
});

function refuse(): never {
  throw SILENCE;
}
