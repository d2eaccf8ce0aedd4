/** Beyond so many digits before the point, or zeros behind it, the server changes to an exponent. */
const MAX_POINT = 15;

/** A double as the server prints it inside JSON: the shortest digits, with `.0` when it would look like an integer. */
export function serverDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e');
  const digits = mantissa!.replace('.', '');
  const point = Number(exponent) + 1;
  const plain = point > -MAX_POINT && (point <= MAX_POINT || digits.length > point);
  return sign + (plain ? plainText(digits, point) : `${mantissa}e${point - 1}`);
}

function plainText(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
