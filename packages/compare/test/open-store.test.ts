import { expect, test } from 'vitest';
import { openStore } from '../src/open-store.ts';

test('a section that the sink would not start with is refused before anything is connected', async () => {
  await expect(openStore('redis', { url: 'redis://127.0.0.1:1', keyPrefx: 'a:' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('keyPrefx') as string,
  });
  await expect(openStore('mysql', { host: '127.0.0.1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(openStore('none', {})).rejects.toThrow('sink none is not installed');
});
