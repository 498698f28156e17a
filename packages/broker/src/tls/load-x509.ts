import { webcrypto } from "node:crypto";
import type * as X509 from "@peculiar/x509";

/** Loaded on demand: it takes longer than the rest of a start, and most starts make no certificate. */
export async function loadX509(): Promise<typeof X509> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
}
