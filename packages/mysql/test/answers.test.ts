import { expect, test } from 'vitest';
import { answerOf } from '../src/index.ts';

test('a server that takes the login and then answers nothing has a limited time', async () => {
  await expect(answerOf(new Promise(() => undefined), 1)).rejects.toThrow(
    expect.objectContaining({
      code: 'MYSQL_UNREACHABLE',
      message: 'The server took the login, and has not answered within 0.001 s',
    }),
  );
  await expect(answerOf(Promise.resolve(7), 60_000)).resolves.toBe(7);
});
