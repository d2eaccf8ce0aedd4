import type { TypeCase } from './type-case.ts';

const TEXTS = {
  point: 'POINT(1 2)',
  linestring: 'LINESTRING(0 0,1 1,2 2.5)',
  polygon: 'POLYGON((0 0,0 1,1 1,0 0))',
  multipoint: 'MULTIPOINT(0 0,1 1)',
  multilinestring: 'MULTILINESTRING((0 0,1 1),(2 2,3 3))',
  multipolygon: 'MULTIPOLYGON(((0 0,0 1,1 1,0 0)))',
  geometrycollection: 'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))',
};

const geometry = (text: string, srid?: number): string =>
  `ST_GeomFromText('${text}'${srid === undefined ? '' : `, ${srid}`})`;

/** Each kind in a column of its own type and in one of type GEOMETRY, without and with a spatial reference system. */
export const GEOMETRIES: readonly TypeCase[] = [
  {
    type: 'point',
    values: [
      ['POINT(1, 2)', '{"srid":0,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA"}'],
      geometry(TEXTS.point, 4326),
      geometry('POINT(-179.999999999 -89.5)', 3857),
    ],
  },
  ...Object.entries(TEXTS)
    .filter(([type]) => type !== 'point')
    .map(([type, text]): TypeCase => ({ type, values: [geometry(text), geometry(text, 4326)] })),
  {
    type: 'geometry',
    values: [...Object.values(TEXTS).map((text) => geometry(text)), geometry(TEXTS.point, 4326)],
  },
  { type: 'point srid 4326', values: [geometry('POINT(52.5 13.4)', 4326)], only: 'mysql' },
  {
    type: 'geometrycollection',
    about: 'empty',
    values: [geometry('GEOMETRYCOLLECTION EMPTY')],
    only: 'mysql',
  },
];
