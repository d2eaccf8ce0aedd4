import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codesOfPage, commandsOf, fixOf } from '../harness/named-fixes.ts';
import { PROOFS, type Proof } from './fix-table.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const proofs: [string, Proof][] = Object.entries(PROOFS).sort(([one], [other]) => (one < other ? -1 : 1));

describe('the fix of every error is carried out by a test, or it says why not', () => {
  test('every code of the page is here, and no other', () => {
    expect(proofs.map(([code]) => code)).toEqual(codesOfPage());
  });

  test.each(proofs)('%s', (code, proof) => {
    const fix = fixOf(code);
    expect(fix).not.toBe('');
    if ('cannot' in proof) return expect(proof.cannot.length).toBeGreaterThan(10);
    const text = readFileSync(join(ROOT, 'passes' in proof ? proof.passes : proof.by), 'utf8');
    if ('passes' in proof) return expect(commandsOf(fix)).toEqual([]);
    expect(text).toContain(proof.title);
  });

  test('what is named as a command is run in the words of the page', () => {
    const bySelf = proofs.filter(([code, proof]) => commandsOf(fixOf(code)).length > 0 && !('by' in proof));
    // Each of these shares its command with one that is run; the error itself cannot be provoked.
    expect(bySelf.map(([code]) => code)).toEqual(SHARED);
  });
});

const SHARED: readonly string[] = [
  'BINLOG_METADATA_NOT_FULL',
  'BINLOG_UNREADABLE',
  'ELASTICSEARCH_DOCUMENT_TOO_LARGE',
  'ELASTICSEARCH_INDEX_REFUSED',
  'MYSQL_DUPLICATE',
  'RECORD_UNKNOWN_MAJOR',
  'SEQUENCE_EXHAUSTED',
  'TARGET_TABLE_REFUSED',
];
