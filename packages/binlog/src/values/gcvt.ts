/** Longest text the server makes of a double: 15 digits and 7 for sign, point and exponent. */
const WIDTH = 22;
/** Beyond so many digits before or zeros after the point the server changes to an exponent. */
const MAX_POINT = 15;

/**
 * A double as the server prints it inside JSON: the shortest digits, without an exponent where the text then fits, and
 * with `.0` when it would look like an integer.
 */
export function serverDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const width = value < 0 ? WIDTH - 1 : WIDTH;
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e');
  const digits = mantissa!.replace('.', '');
  const point = Number(exponent) + 1;
  const plain = plainLength(digits.length, point) <= width && point > -MAX_POINT;
  if (plain && (point <= MAX_POINT || digits.length > point)) return sign + plainText(digits, point);
  return sign + exponentText(value, digits, point, width);
}

function plainLength(count: number, point: number): number {
  if (point <= 0) return count - point + 2;
  return point < count ? count + 1 : point;
}

function plainText(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The server leaves out digits that do not fit beside a long exponent. */
function exponentText(value: number, digits: string, point: number, width: number): string {
  const exponent = point - 1;
  const room =
    width - (exponent < 0 ? 1 : 0) - 1 - String(Math.abs(exponent)).length - (digits.length > 1 ? 1 : 0);
  const kept =
    digits.length <= room
      ? digits
      : value
          .toExponential(room - 1)
          .replace(/^-|e.*$|\./g, '')
          .replace(/0+$/, '');
  const mantissa = kept.length > 1 ? `${kept[0]}.${kept.slice(1)}` : kept;
  return `${mantissa}e${exponent}`;
}
