import { expect, test } from "vitest";
import { handshakeReason } from "./handshake-reason.ts";

test.each([
  [
    {
      message:
        "800C0AF7:error:0A000416:SSL routines:ssl3_read_bytes:sslv3 alert certificate unknown:../record/rec_layer_s3.c:1601:SSL alert number 46\n",
      code: "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
      reason: "sslv3 alert certificate unknown",
    },
    "sslv3 alert certificate unknown: the client does not trust the certificate",
  ],
  [
    { message: "...", code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", reason: "tlsv1 alert unknown ca" },
    "tlsv1 alert unknown ca: the client does not trust the certificate",
  ],
  [{ message: "...", code: "ERR_SSL_UNSUPPORTED_PROTOCOL", reason: "unsupported protocol" }, "unsupported protocol"],
  [
    { message: "socket hang up", code: "ECONNRESET" },
    "the client closed the connection, as some do that do not trust the certificate",
  ],
  [{ message: "too many handshakes wait for their turn" }, "too many handshakes wait for their turn"],
])("a failed handshake is told in words: %#", ({ message, ...rest }, words) => {
  expect(handshakeReason(Object.assign(new Error(message), rest))).toBe(words);
});
