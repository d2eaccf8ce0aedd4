export { announceSeed } from './announce-seed.ts';
export { SeededRandom } from './seeded-random.ts';
