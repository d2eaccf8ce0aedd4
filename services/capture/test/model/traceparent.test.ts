import { expect, test } from 'vitest';
import { traceparentIn } from '../../src/model/traceparent.ts';

const ONE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function inComment(sql: string): string | null {
  return traceparentIn(Buffer.from(sql));
}

test.each([
  [`INSERT INTO t VALUES (1) /*traceparent='${ONE}'*/`],
  [`UPDATE t SET a = 1 /*action='x',traceparent='${ONE}',tracestate='a%3Db'*/ ; `],
  [`/* traceparent=${ONE} */ DELETE FROM t`],
  [`INSERT INTO t VALUES ('${'x'.repeat(5000)}') /*controller='c', traceparent='${ONE}'*/`],
])('a traceparent is found in the comment of a statement: %.60s', (sql) => {
  expect(inComment(sql)).toBe(ONE);
});

test.each([
  ['none at all', 'INSERT INTO t VALUES (1)'],
  ['a value that looks like one', `INSERT INTO t VALUES ("/*traceparent='${ONE}'*/")`],
  ['a comment between other words', `INSERT /*traceparent='${ONE}'*/ INTO t VALUES (1)`],
  ['another name', `INSERT INTO t VALUES (1) /*xtraceparent='${ONE}'*/`],
  ['a version that is not known', `SELECT 1 /*traceparent='01-${ONE.slice(3)}'*/`],
  ['a trace id of zeros', `SELECT 1 /*traceparent='00-${'0'.repeat(32)}-b7ad6b7169203331-01'*/`],
  ['capital letters', `SELECT 1 /*traceparent='${ONE.toUpperCase()}'*/`],
  ['more behind it', `SELECT 1 /*traceparent='${ONE}0'*/`],
  ['a comment that begins far before the end', `SELECT 1 /*traceparent='${ONE}' ${' '.repeat(2000)}*/`],
  ['an end of a comment alone', `traceparent='${ONE}'*/`],
  ['nothing', ''],
])('%s is no traceparent', (_, sql) => {
  expect(inComment(sql)).toBeNull();
});
