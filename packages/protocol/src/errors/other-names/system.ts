import type { OtherNames } from "./other-name.ts";

/** Texts of operating systems, as clients in C and Python print them. */
export const systemNames: OtherNames = [
  [["Connection timed out", "timed out"], ["TCP_TIMEOUT"]],
  [["No route to host", "Network is unreachable", "Host is down"], ["TCP_UNREACH"]],
  [["Name or service not known", "nodename nor servname provided, or not known", "Lookup error"], ["DNS_NXDOMAIN"]],
  [["Temporary failure in name resolution"], ["DNS_TEMP"]],
  [["Connection reset by peer"], ["CONNECTION_LOST", "CONNACK_NONE", "TCP_RESET_AT_ACCEPT", "TLS_CLOSED"]],
  [["Broken pipe"], ["CONNECTION_LOST"]],
  [["Too many open files"], ["TCP_EMFILE"]],
  [
    ["A TLS error occurred", "CERTIFICATE_VERIFY_FAILED"],
    ["TLS_UNKNOWN_CA", "TLS_SELF_SIGNED", "TLS_SAN", "TLS_EXPIRED"],
  ],
];
