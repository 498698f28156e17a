import { X509Certificate } from "node:crypto";
import type { ConfigWarning } from "../config/config-warning.ts";
import type { TlsConfig } from "../config/tls-schema.ts";
import { certificateBlocks, readPem } from "./certificate-files.ts";

/** Certificates whose time is over, or has not begun: all handshakes that need them will fail, and nothing else says why. */
export async function certificateWarnings(
  { certificate, clientCa }: TlsConfig,
  now: number = Date.now(),
): Promise<ConfigWarning[]> {
  const own = (await certificatesOf(certificate))
    .slice(0, 1)
    .map((each) => ({ key: "certificate", what: "the certificate", each }));
  const authorities = (await certificatesOf(clientCa)).map((each) => ({ key: "clientCa", what: "an authority of clients", each }));
  return [...own, ...authorities].flatMap(({ key, what, each }) => {
    const words = timeFault(each, now);
    return words === undefined ? [] : [{ path: ["tls", key], words: `${what} ${words}: it is accepted nowhere` }];
  });
}

/** Files that cannot be read are told of elsewhere. */
async function certificatesOf(file: string | undefined): Promise<X509Certificate[]> {
  if (file === undefined) return [];
  const pem = await readPem(file).catch(() => "");
  return pem === "" ? [] : certificateBlocks(pem, file).map((block) => new X509Certificate(block));
}

function timeFault({ validFrom, validTo }: X509Certificate, now: number): string | undefined {
  if (Date.parse(validTo) < now) return `ended on ${dayOf(validTo)}`;
  return Date.parse(validFrom) > now ? `begins on ${dayOf(validFrom)}` : undefined;
}

function dayOf(time: string): string {
  return new Date(time).toISOString().slice(0, 10);
}
