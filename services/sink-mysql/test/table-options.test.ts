import { expect, test } from 'vitest';
import { heldBack, lackingOptions } from '../src/table-options.ts';

const table = (options: string, ...more: readonly string[]): string =>
  ['CREATE TABLE `t` (', ['  `id` int NOT NULL', ...more].join(',\n'), `) ${options}`].join('\n');

test('options are those that the other table has not; the engine is named where it is another one', () => {
  const plain = table('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4');
  const own = table(
    "ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT=') x'\n/*!80016 ENCRYPTION='Y' */",
  );
  expect(lackingOptions(plain, table('ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4'))).toBe('');
  expect(lackingOptions(own, plain)).toBe(
    "DEFAULT CHARSET=utf8mb4 COMMENT=') x'\n/*!80016 ENCRYPTION='Y' */",
  );
  expect(lackingOptions(table('ENGINE=Aria PAGE_CHECKSUM=1'), plain)).toBe('ENGINE=Aria PAGE_CHECKSUM=1');
});

test('constraints of columns are no CHECK of a table, and the word in a comment is none either', () => {
  expect(heldBack(table('ENGINE=InnoDB', '  `d` longtext CHECK (json_valid(`d`))'))).toEqual([]);
  expect(heldBack(table('ENGINE=InnoDB', '  CONSTRAINT `a``b` CHECK (`id` > 0)'))).toEqual([
    expect.stringContaining('CHECK constraint `a``b` that'),
  ]);
  expect(heldBack(table('ENGINE=InnoDB WITH SYSTEM VERSIONING'))).toHaveLength(1);
});
