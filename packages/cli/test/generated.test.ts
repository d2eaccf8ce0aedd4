import { expect, test } from 'vitest';
import { staleFiles } from '../src/generate.ts';

test('the generated pages and schemas say what the code says (else: npm run generate)', async () => {
  expect(await staleFiles()).toEqual([]);
});
