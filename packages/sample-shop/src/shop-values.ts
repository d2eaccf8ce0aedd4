import { ar, base, el, en, Faker, he, ja, ko, ru, th, zh_CN } from '@faker-js/faker';
import type { LocaleDefinition } from '@faker-js/faker';

/** Text made once with faker; rows then pick from it, since faker is too slow to be asked for every value. */
export interface ShopValues {
  readonly names: readonly string[];
  readonly cities: readonly string[];
  readonly titles: readonly string[];
  readonly remarks: readonly string[];
  readonly bodies: readonly { readonly language: string; readonly text: string }[];
  /** JSON documents as text. */
  readonly documents: readonly string[];
}

const SCRIPTS: Readonly<Record<string, LocaleDefinition>> = { ar, el, he, ja, ko, ru, th, zh: zh_CN };

/** What breaks encoders: quotes, backslashes, control characters, characters outside the first plane. */
const AWKWARD_TEXTS = [
  '',
  ' leading and trailing ',
  'quote " backslash \\ slash / percent % colon : braces {}',
  'tab\tnewline\nreturn\r\nbell\u0007 nul\u0000 escape\u001b delete\u007f',
  'line separator\u2028paragraph separator\u2029byte order mark\ufeff',
  'family 👩‍👩‍👧‍👦, flag 🇺🇦, clef 𝄞, old hangul ᄒᆞᆫ, combining e\u0301',
  "it's 100% <b>not</b> & never `that` simple; -- really",
];

const AWKWARD_DOCUMENTS = [
  'null',
  'true',
  '42',
  '-0.5',
  '[]',
  '{}',
  '""',
  '"just text"',
  '[1, 1.0, 1e3, 1.5e-7, -9223372036854775808, 18446744073709551615, 0.1]',
  '{"b": 1, "a": {"é": ["\\u0000", "\\"", "\\\\", "😀"]}, "": {"deep": [[[[null]]]]}}',
];

function documentOf(faker: Faker): string {
  return JSON.stringify({
    colour: faker.color.human(),
    size: { width: faker.number.int(500), height: faker.number.float({ fractionDigits: 3 }) },
    materials: faker.helpers.multiple(() => faker.commerce.productMaterial(), { count: 3 }),
    maker: { company: faker.company.name(), since: faker.number.int({ min: 1800, max: 2025 }) },
    limited: faker.datatype.boolean(),
  });
}

/** The same seed always gives the same values. */
export function createShopValues(seed: number): ShopValues {
  const english = new Faker({ locale: [en, base], seed });
  const local = Object.entries(SCRIPTS).map(([language, locale], index) => ({
    language,
    faker: new Faker({ locale: [locale, en, base], seed: seed + index + 1 }),
  }));
  const several = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  const bodies = local.flatMap(({ language, faker }) =>
    several(12, () => ({ language, text: `${faker.lorem.paragraph()} ${faker.person.fullName()}` })),
  );
  return {
    names: [
      ...several(200, () => english.person.fullName()),
      ...local.flatMap(({ faker }) => several(20, () => faker.person.fullName())),
    ],
    cities: [...several(80, () => english.location.city()), 'Zürich', 'Málaga', 'Århus', 'São Paulo'],
    titles: several(200, () => english.commerce.productName()),
    remarks: [...several(60, () => english.lorem.sentences(2)), ...AWKWARD_TEXTS],
    bodies: [...bodies, ...AWKWARD_TEXTS.map((text) => ({ language: 'xx', text }))],
    documents: [...several(60, () => documentOf(english)), ...AWKWARD_DOCUMENTS],
  };
}
