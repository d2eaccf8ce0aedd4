import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sectionOf, servicesOf } from './named-service.ts';
import { show, type Screen } from './screen.ts';

/** Who may have started a service, how that is seen here, and its command. */
interface Keeper {
  readonly name: string;
  readonly isHere: () => boolean;
  readonly command: (service: string) => string;
}

const KEEPERS: readonly Keeper[] = [
  {
    name: 'compose',
    isHere: () =>
      ['docker-compose.yml', 'compose.yaml', 'compose.yml'].some((file) =>
        existsSync(join(process.cwd(), file)),
      ),
    command: (service) => `docker compose logs --follow --tail 100 ${service}`,
  },
  {
    name: 'Kubernetes',
    isHere: () => process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
    command: (service) => `kubectl logs --follow --tail 100 deployment/${service}`,
  },
  {
    name: 'systemd',
    isHere: () => existsSync('/etc/systemd/system/sluice-capture.service'),
    command: (service) => `journalctl --follow --lines 100 --unit ${unitOf(service)}`,
  },
];

export const logsCommand: PipelineCommand = {
  name: 'logs',
  options: [],
  operands: 'SERVICE',
  help: 'the command that shows the log of a service, or of all: whoever started it keeps it',
  connects: 'nothing',
  run: logs,
};

/** Of what is seen to be here, else of everything that it may be. */
async function logs({ operands }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  for (const service of operands) sectionOf(config, service);
  const here = KEEPERS.filter(({ isHere }) => isHere());
  const services = operands.length === 0 ? servicesOf(config) : operands;
  const rows = services.flatMap((service) =>
    (here.length === 0 ? KEEPERS : here).map(
      ({ name, command }) => [service, name, command(service)] as const,
    ),
  );
  const document = rows.map(([service, keeper, command]) => ({ service, keeper, command }));
  show(screen, document, ['SERVICE', 'KEPT BY', 'COMMAND'], rows);
  screen.say(
    'services write JSON lines to standard output, one for each change of state; only warnings: | grep \'"level":"\\(warn\\|error\\|fatal\\)"\'',
  );
  return Promise.resolve(true);
}

/** `sluice-sink@redis`: docs/your-servers.md. */
function unitOf(service: string): string {
  return service === 'capture' ? 'sluice-capture' : `sluice-sink@${service.slice('sink-'.length)}`;
}
