import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resultsFile } from './results-file.ts';
import { SOURCE_SERVERS } from './source-servers.ts';
import { valueTables } from './value-tables.ts';

test.each(SOURCE_SERVERS)(
  'the results kept for $label are of the tables there are (else: npm run test:values)',
  (server) => {
    const { tables } = JSON.parse(readFileSync(resultsFile(server.label), 'utf8')) as {
      readonly tables: readonly { readonly family: string; readonly title: string }[];
    };
    const kept = tables.map(({ family, title }) => ({ family, title }));
    expect(kept).toEqual(valueTables(server).map(({ family, title }) => ({ family, title })));
  },
);
