import { expect, test } from 'vitest';
import { staleFiles } from '@sluice/tools/generate';

test('the generated pages and schemas say what the code says (else: npm run generate)', async () => {
  expect(await staleFiles()).toEqual([]);
});
