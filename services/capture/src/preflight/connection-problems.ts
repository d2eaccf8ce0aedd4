import type { PipelineError, SluiceConfig, PreflightProblem } from '@sluice/runtime';

/** Which setting a failed connection to the source speaks of; null for errors that say nothing about a setting. */
export function sourceProblem(error: PipelineError, config: SluiceConfig): PreflightProblem | null {
  const { hosts, user } = config.source;
  const server = hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  const setting = hosts.length > 1 ? 'source.hosts' : 'source.host, source.port';
  const reason = String(error.context['code']);
  switch (error.code) {
    case 'MYSQL_UNREACHABLE':
      return {
        setting,
        found: `no answer from ${server} (${reason})`,
        required: 'a MySQL or MariaDB server that answers',
        fix: `start the server, or correct ${setting.replace(', ', ' and ')}`,
      };
    case 'MYSQL_AUTH_FAILED':
      return {
        setting: 'source.user, source.password',
        found: `user "${user}" refused by ${server} (${reason})`,
        required: 'an account that may log in from this host',
        fix: 'correct source.user and source.password, or unlock the account',
      };
    case 'MYSQL_TLS_FAILED':
      return {
        setting: 'source.tls',
        found: `no TLS connection to ${server} (${reason})`,
        required: 'a certificate that verifies',
        fix: 'correct source.tls: check caFile, serverName and the client certificate, and that the server has TLS enabled; tls: off connects without it',
      };
    default:
      return null;
  }
}

/** The same for Kafka; null for errors that say nothing about a setting. */
export function kafkaProblem(error: PipelineError, config: SluiceConfig): PreflightProblem | null {
  const brokers = config.kafka.brokers.join(', ');
  switch (error.code) {
    case 'KAFKA_UNREACHABLE':
      return {
        setting: 'kafka.brokers',
        found: `no answer from ${brokers}`,
        required: 'a Kafka broker that answers',
        fix: 'start the brokers, or correct kafka.brokers',
      };
    case 'KAFKA_AUTH_FAILED':
      return {
        setting: 'kafka.sasl',
        found: `login refused by ${brokers}`,
        required: 'a user that may log in',
        fix: 'correct mechanism, username and password of kafka.sasl',
      };
    case 'KAFKA_TLS_FAILED':
      return {
        setting: 'kafka.tls',
        found: `no TLS connection to ${brokers}`,
        required: 'a certificate that verifies',
        fix: 'correct kafka.tls: check caFile, the client certificate, and that the listener uses TLS',
      };
    default:
      return null;
  }
}
