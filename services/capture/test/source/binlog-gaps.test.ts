import { expect, test } from 'vitest';
import { hasCascade, unloggedDatabases } from '../../src/source/binlog-gaps.ts';

test.each([
  ['', '', []],
  ['shop,crm', '', []],
  ['crm', '', ['shop']],
  ['', 'shop', ['shop']],
  ['', 'shopping,crm', ['crm']],
])('logged only: "%s", ignored: "%s"', (only, without, missing) => {
  const problems = unloggedDatabases(['shop', 'crm'], only, without);
  expect(problems.map(({ found }) => /database (\w+)/.exec(found)?.[1])).toEqual(missing);
});

test.each([
  ['CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON DELETE CASCADE', true],
  [
    'CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON DELETE NO ACTION ON UPDATE SET NULL',
    true,
  ],
  ['CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id`)', false],
  ['CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON DELETE RESTRICT', false],
  ["`v` int(11) COMMENT 'FOREIGN KEY (v) REFERENCES t (id) ON DELETE CASCADE'", false],
])('%s', (line, expected) => {
  const text = `CREATE TABLE \`c\` (\n  \`p\` int(11) DEFAULT NULL,\n  ${line}\n) ENGINE=InnoDB`;
  expect(hasCascade(text)).toBe(expected);
});
