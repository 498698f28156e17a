/**
 * TLS settings for `mqtts` and `wss` in Node; a page cannot set any and warns once. The names are those of `tls.connect`.
 *
 * @public
 */
export interface TlsOptions {
  /** Trusted authorities as PEM, in place of the built-in list. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Client certificate as PEM, with its intermediates. */
  cert?: string | Uint8Array;
  key?: string | Uint8Array;
  /** Certificate and key as PKCS#12. */
  pfx?: string | Uint8Array;
  passphrase?: string;
  /** Name to ask for in the handshake; default the host of the URL unless that is an address. */
  servername?: string;
  /** Application protocols to offer, for example `mqtt` on port 443 of AWS IoT. */
  alpnProtocols?: readonly string[];
  /** False accepts any certificate: for tests only. Default true. */
  rejectUnauthorized?: boolean;
  /** Accepts a chain that ends in a listed intermediate. Default false. */
  allowPartialTrustChain?: boolean;
}
