import type { TypeCase } from './type-case.ts';

/** Negative times on both sides of each carry: seconds, minutes, hours, a third digit, bits of the stored number. */
const BELOW_ZERO = [
  '-00:00:59',
  '-00:59:59',
  '-23:59:59',
  '-838:59:58',
  '-00:00:01',
  '-00:59:00',
  '-09:59:59',
  '-10:00:00',
  '-24:00:00',
  '-99:59:59',
  '-100:00:00',
  '-511:59:59',
  '-512:00:00',
  '-838:00:00',
];

export const TEMPORALS: readonly TypeCase[] = [
  {
    type: 'date',
    values: [
      ["'2026-11-21'", '"2026-11-21"'],
      ["'0000-00-00'", '"0000-00-00"'],
      ["'2026-00-00'", '"2026-00-00"'],
      ["'9999-12-31'", '"9999-12-31"'],
      ["'2026-02-31'", '"2026-02-31"'],
      ["'0001-01-01'", '"0001-01-01"'],
      ["'0000-11-21'", '"0000-11-21"'],
      ["'2026-11-00'", '"2026-11-00"'],
      ["'0000-00-21'", '"0000-00-21"'],
    ],
  },
  ...[0, 1, 2, 3, 4, 5, 6].map((digits): TypeCase => {
    const fraction = digits === 0 ? '' : `.${'987654'.slice(0, digits)}`;
    const zeros = digits === 0 ? '' : `.${'0'.repeat(digits)}`;
    const nines = digits === 0 ? '' : `.${'9'.repeat(digits)}`;
    const small = digits === 0 ? '' : `.${'1'.padStart(digits, '0')}`;
    return {
      type: `time(${digits})`,
      values: [
        [`'-838:59:59${zeros}'`, `"-838:59:59${zeros}"`],
        [`'838:59:59${zeros}'`, `"838:59:59${zeros}"`],
        [`'-00:00:01${fraction}'`, `"-00:00:01${fraction}"`],
        [`'-00:00:00${small}'`, digits === 0 ? '"00:00:00"' : `"-00:00:00${small}"`],
        [`'-00:01:00${zeros}'`, `"-00:01:00${zeros}"`],
        [`'-01:00:00${zeros}'`, `"-01:00:00${zeros}"`],
        [`'-12:30:00${small}'`, `"-12:30:00${small}"`],
        [`'12:34:56${fraction}'`, `"12:34:56${fraction}"`],
        [`'00:00:00${zeros}'`, `"00:00:00${zeros}"`],
        [`'100:00:00${zeros}'`, `"100:00:00${zeros}"`],
        ...BELOW_ZERO.map((time) => [`'${time}${zeros}'`, `"${time}${zeros}"`] as const),
        ...BELOW_ZERO.slice(0, 4).map((time) => [`'${time}${nines}'`, `"${time}${nines}"`] as const),
      ],
    };
  }),
  ...[0, 1, 2, 3, 4, 5, 6].map((digits): TypeCase => {
    const fraction = digits === 0 ? '' : `.${'987654'.slice(0, digits)}`;
    const zeros = digits === 0 ? '' : `.${'0'.repeat(digits)}`;
    return {
      type: `datetime(${digits})`,
      values: [
        [`'2026-11-21 09:05:34${fraction}'`, `"2026-11-21T09:05:34${fraction}"`],
        [`'0000-00-00 00:00:00'`, `"0000-00-00T00:00:00${zeros}"`],
        [`'9999-12-31 23:59:59${zeros}'`, `"9999-12-31T23:59:59${zeros}"`],
        [`'1000-01-01 00:00:00'`, `"1000-01-01T00:00:00${zeros}"`],
        [`'2026-00-00 16:00:01'`, `"2026-00-00T16:00:01${zeros}"`],
        [`'0000-11-21 23:59:59${fraction}'`, `"0000-11-21T23:59:59${fraction}"`],
        [`'2026-02-31 00:00:00'`, `"2026-02-31T00:00:00${zeros}"`],
      ],
    };
  }),
  ...[0, 1, 2, 3, 4, 5, 6].map((digits): TypeCase => {
    const fraction = digits === 0 ? '' : `.${'987654'.slice(0, digits)}`;
    const zeros = digits === 0 ? '' : `.${'0'.repeat(digits)}`;
    return {
      type: `timestamp(${digits}) null`,
      values: [
        [`'2026-11-21 23:59:59${fraction}'`, `"2026-11-21T23:59:59${fraction}Z"`],
        [`'0000-00-00 00:00:00'`, `"0000-00-00T00:00:00${zeros}Z"`],
        [`'2038-01-19 03:14:07${zeros}'`, `"2038-01-19T03:14:07${zeros}Z"`],
        [`'1970-01-01 00:00:01${zeros}'`, `"1970-01-01T00:00:01${zeros}Z"`],
        [`'2000-02-29 12:00:00'`, `"2000-02-29T12:00:00${zeros}Z"`],
      ],
    };
  }),
  {
    type: 'timestamp(6) null',
    about: 'after 2038',
    values: [
      ["'2038-01-19 03:14:08.000000'", '"2038-01-19T03:14:08.000000Z"'],
      ["'2106-02-07 06:28:15.999999'", '"2106-02-07T06:28:15.999999Z"'],
    ],
    only: 'mariadb 11.8',
  },
];
