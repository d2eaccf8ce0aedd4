import { errors } from '@elastic/elasticsearch';
import {
  UndiciConnection,
  type ConnectionRequestOptions,
  type ConnectionRequestOptionsAsStream,
  type ConnectionRequestParams,
  type ConnectionRequestResponse,
  type ConnectionRequestResponseAsStream,
} from '@elastic/transport';
import { PipelineError } from '@sluice/runtime';
import { CODES } from './errors.ts';
import { tlsFailureAt } from './tls-probe.ts';

/**
 * The client's own connection, which tells a TLS handshake that fails from an outage: of both the client keeps words alone, and of a client
 * certificate that is refused only that the other side has closed. So the handshake is tried once more, to learn its code.
 */
export class TlsConnection extends UndiciConnection {
  override request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptions,
  ): Promise<ConnectionRequestResponse>;
  override request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptionsAsStream,
  ): Promise<ConnectionRequestResponseAsStream>;
  /** @throws ELASTICSEARCH_TLS_FAILED, which the client hands on as it is */
  override async request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptions | ConnectionRequestOptionsAsStream,
  ): Promise<ConnectionRequestResponse | ConnectionRequestResponseAsStream> {
    try {
      return await super.request(params, options);
    } catch (error) {
      if (!(error instanceof errors.ConnectionError) || this.url.protocol !== 'https:') throw error;
      const code = await tlsFailureAt(this.url, this.tls ?? {});
      if (code === null) throw error;
      const message = `no TLS connection to Elasticsearch: ${code}`;
      throw new PipelineError(CODES.ELASTICSEARCH_TLS_FAILED, message, { cause: error });
    }
  }
}
