import { startSilentServer } from '@sluice/mysql/testing';
import { expect, test } from 'vitest';
import { openRowConnection } from '../src/source-rows.ts';

test('a server that takes the login and answers nothing more is not waited for without an end', async () => {
  const { host, port, close } = await startSilentServer(0);
  try {
    const address = {
      host,
      port,
      user: 'sluice',
      password: 'secret',
      tls: 'off',
      connectTimeoutMs: 150,
    } as const;
    await expect(openRowConnection(address)).rejects.toMatchObject({
      code: 'MYSQL_UNREACHABLE',
      message: 'The server took the login, and has not answered within 0.3 s',
    });
  } finally {
    close();
  }
});
