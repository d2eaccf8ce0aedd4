import { errors } from '@elastic/elasticsearch';
import {
  UndiciConnection,
  type ConnectionRequestOptions,
  type ConnectionRequestOptionsAsStream,
  type ConnectionRequestParams,
  type ConnectionRequestResponse,
  type ConnectionRequestResponseAsStream,
} from '@elastic/transport';
import { PipelineError, tlsFailureAt } from '@sluice/runtime';
import { ElasticsearchLogin, type Auth } from './elasticsearch-login.ts';
import { CODES } from './errors.ts';

type Options = ConnectionRequestOptions | ConnectionRequestOptionsAsStream;
type Response = ConnectionRequestResponse | ConnectionRequestResponseAsStream;

/**
 * The client's own connection, with a login that may change and with errors that tell a TLS handshake that fails from an outage. Of both the
 * client keeps words alone, and of a client certificate that is refused only that the other side has closed: so the handshake is tried once
 * more, to learn its code.
 */
export function connectionFor(auth: Auth | undefined): typeof UndiciConnection {
  const login = auth === undefined ? null : new ElasticsearchLogin(auth);
  return class extends UndiciConnection {
    override request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptions,
    ): Promise<ConnectionRequestResponse>;
    override request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptionsAsStream,
    ): Promise<ConnectionRequestResponseAsStream>;
    /** @throws ELASTICSEARCH_TLS_FAILED, SECRET_UNAVAILABLE, SECRET_REFUSED, which the client hands on as they are */
    override async request(params: ConnectionRequestParams, options: Options): Promise<Response> {
      if (login === null) return await this.#sent(params, options, {});
      const authorization = await login.header();
      const response = await this.#sent(params, options, { authorization });
      const newer = response.statusCode === 401 ? await login.newer(authorization) : null;
      if (newer === null) return told(login, response);
      if (typeof response.body === 'object' && 'destroy' in response.body) response.body.destroy();
      return told(login, await this.#sent(params, options, { authorization: newer }));
    }

    async #sent(
      params: ConnectionRequestParams,
      options: Options,
      headers: Readonly<Record<string, string>>,
    ): Promise<Response> {
      try {
        return await super.request({ ...params, headers: { ...params.headers, ...headers } }, options);
      } catch (error) {
        if (!(error instanceof errors.ConnectionError) || this.url.protocol !== 'https:') throw error;
        const code = await tlsFailureAt(this.url, this.tls ?? {});
        if (code === null) throw error;
        const message = `no TLS connection to Elasticsearch: ${code}`;
        throw new PipelineError(CODES.ELASTICSEARCH_TLS_FAILED, message, { cause: error });
      }
    }
  };
}

/** @throws SECRET_REFUSED */
function told(login: ElasticsearchLogin, response: Response): Response {
  if (response.statusCode === 401) login.refused();
  else login.taken();
  return response;
}
