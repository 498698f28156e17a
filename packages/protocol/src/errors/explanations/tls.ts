import type { Explanations } from "./explanation.ts";

export const tls: Explanations = {
  TLS_FAILED: {
    causes: ["The other side sent an alert that says little, or the library failed in a way without a name of its own."],
    fixes: ["Look at `error.cause` for the number of the alert, and at the server's log for the same second."],
    seenAs: ["EPROTO", "ERR_SSL_", "close code 1015"],
  },
  TLS_CLOSED: {
    causes: [
      "The port does not speak TLS.",
      "The server does not know the name that was sent, or none was sent.",
      "On TLS 1.2, a client certificate is missing or refused.",
      "A connection limit.",
    ],
    fixes: ["Try each apart: `openssl s_client -connect HOST:PORT -servername NAME -cert CERT -key KEY`"],
    seenAs: [
      "Client network socket disconnected before secure TLS connection was established",
      "ECONNRESET",
      "net::ERR_CONNECTION_CLOSED",
    ],
  },
  TLS_VERSION: {
    causes: ["One side is limited to TLS 1.0 or 1.1, the other to 1.2 or newer."],
    fixes: ["Upgrade the older side.", "To look only: `minVersion: 'TLSv1'` with `ciphers: 'ALL:@SECLEVEL=0'`."],
    seenAs: [
      "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
      "0A00042E",
      "ERR_SSL_UNSUPPORTED_PROTOCOL",
      "legacy sigalg disallowed",
      "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    ],
  },
  TLS_CIPHER: {
    causes: [
      "Cipher lists without a common entry.",
      "The server's key is ECDSA and the client offers RSA only, or the listener wants a pre-shared key.",
    ],
    tell: "The same alert 40 stands for a missing client certificate on TLS 1.2; then the server has sent a certificate request.",
    fixes: ["Remove your own `ciphers`; compare with `openssl s_client -connect HOST:PORT -cipher ALL`."],
    seenAs: ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "0A000410", "alert number 40"],
  },
  TLS_EXPIRED: {
    causes: [
      "The certificate was not renewed, or it was and the broker still serves the old one.",
      "An intermediate or root of the chain has expired.",
    ],
    tell: "The evidence names the certificate and its date.",
    fixes: [
      "Renew, then reload the broker.",
      "`openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates`",
    ],
    seenAs: ["CERT_HAS_EXPIRED", "certificate has expired", "net::ERR_CERT_DATE_INVALID"],
  },
  TLS_NOT_YET: {
    causes: ["The clock of this machine is behind, or the certificate was made on one that is ahead."],
    fixes: ["Compare `date -u` with the true time."],
    seenAs: ["CERT_NOT_YET_VALID", "net::ERR_CERT_DATE_INVALID"],
  },
  CLOCK_SKEW: {
    causes: ["No time service, or a device without a battery for its clock."],
    tell: "The Date header of an HTTP answer differs from this clock by more than two minutes.",
    fixes: ["`timedatectl set-ntp true`"],
  },
  TLS_SELF_SIGNED: {
    causes: ["The certificate has signed itself, as test certificates do."],
    fixes: [
      "Node: pass it as `ca`.",
      "Browser: trust it in the system, or open `https://HOST:PORT` once and accept.",
      "Better: a local authority (`bowline up` makes one) or a public one.",
    ],
    seenAs: ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", "net::ERR_CERT_AUTHORITY_INVALID"],
  },
  TLS_PRIVATE_ROOT: {
    causes: ["The server sends a root of its own which this machine does not know."],
    fixes: ["Pass that root as `ca`, or install it: `NODE_EXTRA_CA_CERTS=/path/root.pem`."],
    seenAs: ["SELF_SIGNED_CERT_IN_CHAIN", "net::ERR_CERT_AUTHORITY_INVALID"],
  },
  TLS_UNKNOWN_CA: {
    causes: [
      "A private authority issued the certificate, and its root was not given.",
      "The file given as `ca` is another authority's.",
    ],
    tell: "The issuer is no public authority; with TLS_MISSING_INTERMEDIATE the certificate says where its issuer can be fetched.",
    fixes: ["Pass the authority's certificate as `ca`, or set `NODE_EXTRA_CA_CERTS`; Node 22.15 and newer: `--use-system-ca`."],
    seenAs: ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "net::ERR_CERT_AUTHORITY_INVALID"],
  },
  TLS_MISSING_INTERMEDIATE: {
    causes: ["The broker is configured with the certificate alone, without the chain."],
    tell: "Browsers often succeed, since they fetch or remember the intermediate; Node does not.",
    fixes: ["Configure the broker with `fullchain.pem`: the certificate, then the intermediates."],
    seenAs: ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  },
  TLS_MISSING_ROOT: {
    causes: ["The chain is complete, and its root is not in this machine's store."],
    fixes: ["Add the root to `ca`, or update the store."],
    seenAs: ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"],
  },
  TLS_CA_IS_INTERMEDIATE: {
    causes: ["An intermediate was given as `ca`, and its own root is missing."],
    fixes: ["Pass the root, or set `allowPartialTrustChain: true`."],
    seenAs: ["UNABLE_TO_GET_ISSUER_CERT"],
  },
  TLS_CA_IS_LEAF: {
    causes: ["The server's certificate was given where its issuer's belongs."],
    fixes: ["Pass the issuer's certificate."],
    seenAs: ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  },
  TLS_CA_FILE_BAD: {
    causes: ["`ca` is a path instead of its content, a DER file, a key, or empty. Node ignores that without a word."],
    fixes: ["`ca: readFileSync('ca.pem')`", "`openssl x509 -inform der -in ca.der -out ca.pem`"],
    seenAs: ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  },
  TLS_SAN: {
    causes: ["The host is called by an address or name the certificate does not list."],
    fixes: ["Use one of the names in the evidence.", "Reissue with `subjectAltName = DNS:name, IP:address`."],
    seenAs: [
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "Hostname/IP does not match certificate's altnames",
      "net::ERR_CERT_COMMON_NAME_INVALID",
    ],
  },
  TLS_CN_ONLY: {
    causes: ["The certificate has a common name and no alternative name. Node accepts that for names, browsers never do."],
    fixes: ["Reissue with `subjectAltName`."],
    seenAs: ["net::ERR_CERT_COMMON_NAME_INVALID"],
  },
  TLS_WEAK: {
    causes: ["An RSA key under 2048 bits, a SHA-1 signature, or small Diffie-Hellman parameters."],
    fixes: ["Make a new key: `openssl ecparam -genkey -name prime256v1`."],
    seenAs: ["ERR_SSL_EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "DH_KEY_TOO_SMALL", "net::ERR_CERT_WEAK_SIGNATURE_ALGORITHM"],
  },
  TLS_REVOKED: {
    causes: ["The authority took the certificate back. Node does not look, browsers do."],
    fixes: ["Issue a new certificate."],
    seenAs: ["CERT_REVOKED", "net::ERR_CERT_REVOKED"],
  },
  TLS_CT: {
    causes: ["Chromium wants public certificates to be logged, and this one is not."],
    fixes: ["Reissue from a public authority, or use a private root the browser is told to trust."],
    seenAs: ["net::ERR_CERTIFICATE_TRANSPARENCY_REQUIRED"],
  },
  TLS_CERT_REJECTED: {
    causes: ["The chain is too long, a certificate is used for what it is not made for, or its signature does not fit."],
    fixes: ["`openssl verify -CAfile root.pem -untrusted chain.pem leaf.pem` names the rule."],
    seenAs: ["CERT_CHAIN_TOO_LONG", "INVALID_CA", "PATH_LENGTH_EXCEEDED", "INVALID_PURPOSE", "CERT_REJECTED"],
  },
  TLS_SNI: {
    causes: [
      "The client connected by address, so no name was sent.",
      "The name is not one of the server's.",
      "A proxy answers with its default certificate.",
    ],
    tell: "With the right `servername` the same attempt succeeds.",
    fixes: ["Connect by name, or set `servername`."],
    seenAs: [
      "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
      "0A000458",
      "alert number 112",
      "Kubernetes Ingress Controller Fake Certificate",
      "net::ERR_SSL_UNRECOGNIZED_NAME_ALERT",
    ],
  },
  TLS_ALPN_WRONG: {
    causes: ["The list in `ALPNProtocols` has nothing the server knows."],
    fixes: ["Offer what its documentation names, `mqtt` for most."],
    seenAs: ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "0A000460", "alert number 120"],
  },
  TLS_ALPN_NEEDED: {
    causes: ["One port serves several protocols and chooses by ALPN; without it the handshake succeeds and MQTT is not answered."],
    fixes: ["Set `ALPNProtocols: ['mqtt']`, or the provider's name."],
  },
  TLS_MITM: {
    causes: ["A company's product opens TLS and signs anew. Client certificates and ALPN do not survive that."],
    tell: "The issuer is the product, for other sites as well.",
    fixes: ["Add its root to `ca`, or have the host exempted."],
    seenAs: ["SELF_SIGNED_CERT_IN_CHAIN"],
  },
  MTLS_REQUIRED_12: {
    causes: ["The server asked for a client certificate and got none."],
    fixes: ["Pass `cert` and `key`."],
    seenAs: ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "alert number 40"],
  },
  MTLS_REQUIRED_13: {
    causes: ["The server asked for a client certificate and got none."],
    tell: "On TLS 1.3 the handshake ends well on the client's side, and the refusal comes after it.",
    fixes: ["Pass `cert` and `key`."],
    seenAs: ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "0A00045C", "alert number 116", "net::ERR_BAD_SSL_CLIENT_AUTH_CERT"],
  },
  MTLS_UNKNOWN_CA: {
    causes: ["The certificate was issued by an authority the server does not trust.", "The intermediate is missing in `cert`."],
    fixes: [
      "Compare the issuer with the server's list: `openssl s_client -connect HOST:PORT` prints it.",
      "AWS: register and activate the certificate.",
    ],
    seenAs: ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "0A000418", "alert number 48"],
  },
  MTLS_EXPIRED: {
    causes: ["The client certificate's end date is past."],
    fixes: ["`openssl x509 -noout -dates -in client.pem`, then renew."],
    seenAs: ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "0A000415", "alert number 45"],
  },
  MTLS_OTHER: {
    causes: ["The certificate is revoked, not registered, or not made for client authentication."],
    fixes: ["The evidence names the alert: 42 bad, 43 unsupported (extended key usage), 44 revoked, 46 unknown, 49 no access."],
    seenAs: ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN", "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED"],
  },
  MTLS_KEY_MISMATCH: {
    causes: ["`key` and `cert` come from two different pairs."],
    fixes: ["Both must print the same: `openssl x509 -noout -pubkey -in cert.pem` and `openssl pkey -pubout -in key.pem`."],
    seenAs: ["ERR_OSSL_X509_KEY_VALUES_MISMATCH"],
  },
  MTLS_KEY_BAD: {
    causes: ["The key is DER or PKCS#12, encrypted without `passphrase`, or no key at all."],
    fixes: ["`openssl pkey -in key.der -inform der -out key.pem`", "`openssl pkcs12 -in id.p12 -nodes`"],
    seenAs: ["ERR_OSSL_UNSUPPORTED", "1E08010C", "ERR_OSSL_BAD_DECRYPT", "ERR_MISSING_PASSPHRASE"],
  },
};
