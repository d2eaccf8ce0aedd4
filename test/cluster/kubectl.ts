import { spawn } from 'node:child_process';

/** `kubectl` of the machine, or the program that KUBECTL names; KUBECONFIG says which cluster. */
const PROGRAM = process.env['KUBECTL'] ?? 'kubectl';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end, for at most `timeoutMs`; a failure is a result. */
export function tryKubectl(args: readonly string[], input = '', timeoutMs = 300_000): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, [...args], { stdio: 'pipe', timeout: timeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => undefined); // it ended before it read everything
    child.stdin.end(input);
  });
}

/** What it prints. Throws with its own words when it fails. */
export async function kubectl(args: readonly string[], input = '', timeoutMs?: number): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input, timeoutMs);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

export async function apply(manifests: readonly object[] | string): Promise<void> {
  const text =
    typeof manifests === 'string'
      ? manifests
      : manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
  await kubectl(['apply', '--validate=strict', '-f', '-'], text);
}
