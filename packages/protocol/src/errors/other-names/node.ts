import type { OtherNames } from "./other-name.ts";

/** Codes and texts of Node, its resolver, and clients built on it. */
export const nodeNames: OtherNames = [
  [["EAI_NONAME"], ["DNS_NXDOMAIN"]],
  [["EAI_NODATA", "EAI_ADDRFAMILY"], ["DNS_NODATA"]],
  [["EAI_FAIL", "EREFUSED", "ETIMEOUT", "ECANCELLED"], ["DNS_TEMP"]],
  [["ECONNABORTED"], ["CONNECTION_LOST", "TCP_RESET_AT_ACCEPT"]],
  [["ENETDOWN", "EHOSTDOWN"], ["TCP_UNREACH"]],
  [["EINVAL"], ["TCP_UNREACH", "URL_INVALID"]],
  [["ENOBUFS"], ["TCP_EMFILE"]],
  [["ERR_TLS_HANDSHAKE_TIMEOUT"], ["SILENT", "TLS_FAILED"]],
  [["ERR_SSL_NO_CIPHER_MATCH"], ["TLS_CIPHER"]],
  [["UNABLE_TO_GET_CRL", "CRL_HAS_EXPIRED", "CRL_NOT_YET_VALID", "CERT_UNTRUSTED"], ["TLS_CERT_REJECTED"]],
  [["HOSTNAME_MISMATCH"], ["TLS_SAN"]],
  [["client disconnecting"], ["CLIENT_CLOSED"]],
  [
    ["premature close", "Connection closed", "socket error"],
    ["CONNECTION_LOST", "CONNACK_NONE"],
  ],
  [["Unexpected server response: 500"], ["WS_STATUS"]],
  [["Connection refused"], ["TCP_REFUSED", "NOT_AUTHORIZED", "BAD_CREDENTIALS"]],
  [["Connection refused: Unacceptable protocol version"], ["PROTO_VERSION"]],
  [["Connection refused: Identifier rejected"], ["CLIENT_ID"]],
  [["Connection refused: Server unavailable"], ["UNAVAILABLE"]],
  [["Connection refused: Bad username or password"], ["BAD_CREDENTIALS"]],
  [
    ["Connection refused: Not authorized", "Connection Refused: not authorised"],
    ["NOT_AUTHORIZED", "BAD_CREDENTIALS"],
  ],
];
