import { expect, test } from 'vitest';
import { cascadeRules } from '../../src/catalog/cascading-keys.ts';

const KEY = 'FOREIGN KEY (`p`) REFERENCES `parent` (`id`)';

test.each([
  [`CONSTRAINT \`f\` ${KEY} ON DELETE CASCADE`, [['f', 'CASCADE', null]]],
  [`CONSTRAINT \`f\` ${KEY} ON DELETE NO ACTION ON UPDATE SET NULL,`, [['f', null, 'SET NULL']]],
  [`CONSTRAINT \`a\`\`b\` ${KEY} ON DELETE SET NULL ON UPDATE CASCADE`, [['a`b', 'SET NULL', 'CASCADE']]],
  ['CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id) ON UPDATE CASCADE', [['f', null, 'CASCADE']]],
  [`CONSTRAINT \`f\` ${KEY}`, []],
  [`CONSTRAINT \`f\` ${KEY} ON DELETE RESTRICT`, []],
  ['CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id ON DELETE CASCADE`)', []],
  ["`v` int(11) COMMENT 'FOREIGN KEY (v) REFERENCES t (id) ON DELETE CASCADE'", []],
])('%s', (line, expected) => {
  const text = `CREATE TABLE \`c\` (\n  \`p\` int(11) DEFAULT NULL,\n  ${line}\n) ENGINE=InnoDB`;
  const found = cascadeRules(text).map(([name, { onDelete, onUpdate }]) => [name, onDelete, onUpdate]);
  expect(found).toEqual(expected);
});
