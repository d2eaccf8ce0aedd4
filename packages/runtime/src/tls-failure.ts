/**
 * Codes of a TLS handshake that the same settings will never pass: certificates and names by Node and OpenSSL's X509_verify_cert_error_string,
 * and alerts of the other side, which OpenSSL's own codes tell (`ERR_SSL_…`). Node.js manual, "TLS", X509 certificate error codes.
 */
const CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_)/;

/** OpenSSL's codes of a connection that was cut or damaged: another try may well succeed. */
const CUT = /_UNEXPECTED_EOF_WHILE_READING$|_BAD_RECORD_MAC$/;

export function isTlsFailureCode(code: string): boolean {
  return CODE.test(code) && !CUT.test(code);
}
