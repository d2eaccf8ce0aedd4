import { describe, expect, test } from 'vitest';
import { BinlogError } from '../src/index.ts';
import { parseTableMap, type Column } from '../src/table-map.ts';

/** Bodies of table maps as MariaDB 10.11 and MySQL 9.7 wrote them. */
const YEAR_BEFORE_INT =
  '9a04000000000100087a7a5f74797065730001740006030d03fffefc0404f701023e01014003023f08070100040d026964017901690167016501740a011c0603010161080100';
const GEOMETRY_BEFORE_TEXTS =
  '9904000000000100087a7a5f7479706573000174000503fcfffcfc04020402021e0101000304083f1c08070100040b0269640161016701620163080100';
const VECTOR_BEFORE_TEXT =
  '7104000000000100087a7a5f7479706573000174000803f2fcf5120402ff06040304020404fe01012003023f210701000d011004180269640263300263310263320263330263340263350263360801000c01ff';
const GEOMETRY_BEFORE_TEXT_AND_TEXT =
  '9804000000000100087a7a5f7479706573000174000403fffcfc030402020e01010003033f081c07010004090269640167016101620801' +
  '00';

function columnsOf(hex: string, flavour: 'mysql' | 'mariadb'): readonly Column[] {
  const body = Buffer.from(hex, 'hex');
  return parseTableMap(body, 0, body.length, flavour).columns;
}

const shown = ({ name, sqlType, charset }: Column): string => `${name} ${sqlType} ${charset}`;

describe('what metadata is about', () => {
  test('a YEAR has a bit for its sign, so that it does not lend it to the next number', () => {
    expect(columnsOf(YEAR_BEFORE_INT, 'mariadb').map(shown)).toEqual([
      'id int null',
      'y year null',
      'i int null',
      'g geometry null',
      "e enum('a') gbk",
      't text latin1',
    ]);
  });

  test('a GEOMETRY of MariaDB has a character set, so that it does not take the next text’s', () => {
    expect(columnsOf(GEOMETRY_BEFORE_TEXTS, 'mariadb').map(shown)).toEqual([
      'id int null',
      'a text latin1',
      'g geometry null',
      'b text gbk',
      'c text latin1',
    ]);
    expect(columnsOf(GEOMETRY_BEFORE_TEXT_AND_TEXT, 'mariadb').map(shown)).toEqual([
      'id int null',
      'g geometry null',
      'a text latin1',
      'b text gbk',
    ]);
  });

  test('a VECTOR of MySQL has a character set as well', () => {
    expect(columnsOf(VECTOR_BEFORE_TEXT, 'mysql').map(shown)).toEqual([
      'id int null',
      'c0 vector(16) null',
      'c1 mediumtext utf8mb3',
      'c2 json null',
      'c3 datetime(2) null',
      'c4 float null',
      'c5 smallint unsigned null',
      'c6 geometry null',
    ]);
  });

  test('more or less than the columns need is refused', () => {
    expect(() => columnsOf(GEOMETRY_BEFORE_TEXTS, 'mysql')).toThrow(BinlogError);
    const withoutByte = GEOMETRY_BEFORE_TEXTS.replace('0304083f1c08', '03033f1c08');
    expect(() => columnsOf(withoutByte, 'mariadb')).toThrow(BinlogError);
  });
});
