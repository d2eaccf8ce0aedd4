import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pageText } from './kept-results.ts';

const PAGE = join(import.meta.dirname, '../../../docs/faults.md');

test('docs/faults.md has the cases that there are, and the results that are kept (else: npm run test:faults -- --page)', async () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(await pageText());
});
