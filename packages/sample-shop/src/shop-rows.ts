import type { SeededRandom } from '@sluice/seeded-random';
import type { ShopValues } from './shop-values.ts';

/** A value that mysql2 can write as a SQL literal. */
export type SqlValue = string | number | Buffer | null;
export type SqlRow = readonly SqlValue[];

export const ORDER_STATES = ['new', 'paid', 'packed', 'shipped', 'delivered', 'cancelled'] as const;
export const CURRENCIES = 'AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN'.split(
  ' ',
);
const COUNTRIES = 'AT BR CH DE ES FR GB GR IL IN IT JP KR NO PL PT SE TH UA US'.split(' ');
const TAGS = ['new', 'sale', 'eco', 'gift', 'bulk'];
const PREFIXES = [
  'memo',
  'наказ',
  'メモ',
  'σημείωση',
  'a:b',
  '100%',
  '{set}',
  'with space',
  'ünïcode',
  '"quoted"',
];

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

function dayText(random: SeededRandom): string {
  return `${random.integer(1950, 2026)}-${digits(random.integer(1, 12), 2)}-${digits(random.integer(1, 28), 2)}`;
}

/** `fraction` digits of fractional seconds; the year stays inside what TIMESTAMP can hold. */
export function momentText(random: SeededRandom, fraction: number): string {
  const day = `${random.integer(1971, 2037)}-${digits(random.integer(1, 12), 2)}-${digits(random.integer(1, 28), 2)}`;
  const clock = [random.integer(0, 23), random.integer(0, 59), random.integer(0, 59)].map((part) =>
    digits(part, 2),
  );
  const rest = fraction === 0 ? '' : `.${digits(random.integer(0, 10 ** fraction - 1), fraction)}`;
  return `${day} ${clock.join(':')}${rest}`;
}

export function decimalText(random: SeededRandom, whole: number, fraction: number): string {
  const sign = random.chance(0.2) ? '-' : '';
  const size = random.integer(1, whole);
  const left = Array.from({ length: size }, () => random.integer(0, 9)).join('');
  const right = Array.from({ length: fraction }, () => random.integer(0, 9)).join('');
  return `${sign}${left}.${right}`;
}

const price = (random: SeededRandom): string =>
  `${random.integer(0, 4999)}.${digits(random.integer(0, 99), 2)}`;
const orNull = (random: SeededRandom, value: SqlValue): SqlValue => (random.chance(0.15) ? null : value);

export function customerRow(random: SeededRandom, values: ShopValues, id: number): SqlRow {
  return [
    id,
    `customer-${id}@shop.example`,
    random.pick(values.names),
    random.pick(COUNTRIES),
    orNull(random, random.pick(values.cities)),
    random.pick(['none', 'silver', 'gold']),
    random.integer(0, 1),
    decimalText(random, 10, 2),
    random.pick([
      '0',
      '-9223372036854775808',
      '9223372036854775807',
      '9007199254740993',
      '-1',
      String(id * 37),
    ]),
    orNull(random, dayText(random)),
    momentText(random, 3),
    orNull(random, momentText(random, 6)),
    0,
  ];
}

export function productRow(random: SeededRandom, values: ShopValues, id: number): SqlRow {
  return [
    id,
    `SKU-${digits(id, 8)}`,
    random.pick(values.titles),
    price(random),
    orNull(random, random.pick([0.1, 1 / 3, 16777216, 1.17549435e-38, 3.4e38, random.next() * 40])),
    orNull(random, random.pick([0.1, 5e-324, 1.7976931348623157e308, -0.5, 1e21, random.next() * 5])),
    TAGS.filter(() => random.chance(0.3)).join(','),
    orNull(random, random.pick(values.documents)),
    orNull(random, random.bytes(random.integer(0, 64))),
    random.bytes(8 - random.integer(0, 3)),
    random.integer(-20, 5000),
    random.pick([0, 1901, 1999, 2024, 2026, 2155]),
    0,
  ];
}

export function orderRow(random: SeededRandom, values: ShopValues, id: number, customer: number): SqlRow {
  return [
    id,
    customer,
    random.pick(ORDER_STATES),
    momentText(random, 6),
    orNull(random, momentText(random, 3)),
    price(random),
    random.pick(CURRENCIES),
    random.integer(0, 1023),
    orNull(random, random.pick(values.remarks)),
    0,
  ];
}

export function orderLineRow(random: SeededRandom, order: number, line: number, product: number): SqlRow {
  return [
    order,
    line,
    product,
    random.integer(-5, 900),
    price(random),
    orNull(random, `0.${digits(random.integer(0, 9999), 4)}`),
    orNull(
      random,
      `${digits(random.integer(0, 30), 2)}:${digits(random.integer(0, 59), 2)}:05.${digits(random.integer(0, 999), 3)}`,
    ),
    0,
  ];
}

/** A text key; many hold what a key in a URL, in JSON or in Redis must be careful with. */
export function noteCode(number: number): string {
  return `${PREFIXES[number % PREFIXES.length]}-${number}`;
}

export function noteRow(random: SeededRandom, values: ShopValues, code: string): SqlRow {
  const body = random.pick(values.bodies);
  return [
    code,
    body.language,
    body.text,
    orNull(random, random.pick(values.documents)),
    orNull(random, decimalText(random, 20, 10)),
    orNull(random, random.pick(['0000-00-00', '2026-00-00', '1000-01-01', '9999-12-31', dayText(random)])),
    orNull(
      random,
      random.pick([
        '-838:59:59.000000',
        '838:59:59.000000',
        '-00:00:00.000001',
        '00:00:00',
        '12:34:56.789012',
      ]),
    ),
    orNull(random, random.pick(['9999-12-31 23:59:59.999999', '1000-01-01 00:00:00', momentText(random, 6)])),
    orNull(random, random.pick(['1970-01-01 00:00:01', '2038-01-19 03:14:07.999999', momentText(random, 6)])),
    orNull(random, random.bytes(random.integer(0, 300))),
    orNull(random, random.bytes(random.integer(1, 16))),
    orNull(random, random.bytes(8)),
    orNull(random, random.pick(['18446744073709551615', '9007199254740991', '9007199254740992', '0'])),
    orNull(random, random.next() * 10 ** random.integer(-20, 20)),
    orNull(random, Math.fround(random.next() * 10 ** random.integer(-20, 20))),
    orNull(random, pointBytes(random)),
    0,
  ];
}

/** A POINT as the server stores it: four bytes of SRID (0), then little-endian well-known binary. */
function pointBytes(random: SeededRandom): Buffer {
  const bytes = Buffer.alloc(25);
  bytes.writeUInt8(1, 4);
  bytes.writeUInt32LE(1, 5);
  bytes.writeDoubleLE(random.next() * 360 - 180, 9);
  bytes.writeDoubleLE(random.next() * 180 - 90, 17);
  return bytes;
}

export function exchangeRateRow(random: SeededRandom, currency: string): SqlRow {
  return [currency, decimalText(random, 4, 8), momentText(random, 0)];
}
