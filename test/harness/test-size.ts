/** A size of a test: the default fits `npm test`; the environment variable is for long runs. */
export function testSize(variable: string, byDefault: number): number {
  return Number(process.env[variable] ?? byDefault);
}
