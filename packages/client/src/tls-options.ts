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
  /** False accepts a certificate of a trusted authority whatever names are in it. Default true. */
  checkServerName?: boolean;
  /** Least version of TLS. Default `TLSv1.2`: older ones are not spoken. */
  minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Default the newest that the host knows. */
  maxVersion?: "TLSv1.2" | "TLSv1.3";
  /** Cipher suites by OpenSSL's names, joined by colons; those of TLS 1.3 begin with `TLS_`. Default the host's list. */
  ciphers?: string;
  /** Signature algorithms, joined by colons. Default the host's list. */
  sigalgs?: string;
  /** Groups for the exchange of keys, joined by colons. Default the host's list. */
  ecdhCurve?: string;
  /** A key that both sides know, in place of certificates (TLS-PSK). */
  psk?: PreSharedKey;
}

/**
 * A key that client and server share, and the name it goes by.
 *
 * @public
 */
export interface PreSharedKey {
  identity: string;
  key: Uint8Array;
}
