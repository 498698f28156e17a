import type { OtherNames } from "./other-name.ts";

/** Alerts and reasons of OpenSSL: by number, as Node's code, and in its own words. */
export const opensslNames: OtherNames = [
  [
    ["certificate verify failed", "0A000086"],
    ["TLS_UNKNOWN_CA", "TLS_SELF_SIGNED", "TLS_EXPIRED", "TLS_SAN"],
  ],
  [["unable to verify the first certificate"], ["TLS_UNKNOWN_CA", "TLS_MISSING_INTERMEDIATE", "TLS_CA_IS_LEAF", "TLS_CA_FILE_BAD"]],
  [["self signed certificate"], ["TLS_SELF_SIGNED"]],
  [
    ["self-signed certificate in certificate chain", "self signed certificate in certificate chain"],
    ["TLS_PRIVATE_ROOT", "TLS_MITM"],
  ],
  [
    ["ERR_SSL_UNEXPECTED_EOF_WHILE_READING", "0A000126", "unexpected eof while reading"],
    ["TLS_CLOSED", "TLS_TO_PLAIN"],
  ],
  [["ERR_SSL_NO_PROTOCOLS_AVAILABLE", "no protocols available"], ["TLS_VERSION"]],
  [["ERR_SSL_DH_KEY_TOO_SMALL", "dh key too small"], ["TLS_WEAK"]],
  [["alert number 20", "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", "bad record mac"], ["TLS_FAILED"]],
  [["alert number 42", "0A000412", "bad certificate"], ["MTLS_OTHER"]],
  [["alert number 43", "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "0A000413", "unsupported certificate"], ["MTLS_OTHER"]],
  [["alert number 44", "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED", "0A000414", "certificate revoked"], ["MTLS_OTHER"]],
  [["alert number 46", "0A000416", "certificate unknown"], ["MTLS_OTHER"]],
  [["alert number 47", "ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER", "illegal parameter"], ["TLS_FAILED"]],
  [["alert number 49", "access denied"], ["MTLS_OTHER"]],
  [["alert number 50", "ERR_SSL_TLSV1_ALERT_DECODE_ERROR", "decode error"], ["TLS_FAILED"]],
  [["alert number 51", "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR", "decrypt error"], ["TLS_FAILED"]],
  [["alert number 70", "protocol version"], ["TLS_VERSION"]],
  [["alert number 71", "ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY", "insufficient security"], ["TLS_CIPHER"]],
  [
    ["alert number 80", "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"],
    ["TLS_FAILED", "TLS_SNI"],
  ],
  [["alert number 86", "ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK", "inappropriate fallback"], ["TLS_VERSION"]],
  [["alert number 115", "ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY", "unknown psk identity"], ["TLS_FAILED"]],
];
