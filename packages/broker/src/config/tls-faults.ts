import { MqttError } from "@bowline/protocol";
import { certificateBlocks, readPem } from "../tls/certificate-files.ts";
import { ownMaterial, revocationLists } from "../tls/read-tls-settings.ts";
import type { MeaningFault } from "./meaning-fault.ts";
import type { TlsConfig } from "./tls-schema.ts";

/** Files of certificates, keys and revocation lists that a start could not use, each told of at its key. */
export async function tlsFaults(tls: TlsConfig): Promise<MeaningFault[]> {
  const { certificate, key, chain, clientCa, crl } = tls;
  const faults: MeaningFault[] = [];
  const check = async (name: keyof TlsConfig, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!MqttError.is(error)) throw error;
      // A passphrase that cannot be had is told of at its own key.
      if (error.code !== "CONFIG_INVALID") faults.push({ path: ["tls", name], error });
    });
  };
  const certificates = (file: string) => async (): Promise<string[]> => certificateBlocks(await readPem(file), file);
  if (certificate !== undefined) await check("certificate", certificates(certificate));
  if (chain !== undefined) await check("chain", certificates(chain));
  if (clientCa !== undefined) await check("clientCa", certificates(clientCa));
  if (crl !== undefined) await check("crl", async () => revocationLists(await readPem(crl), crl));
  // The key last: with a certificate that is none there is nothing that it could belong to.
  if (key !== undefined && faults.length === 0) await check("key", () => ownMaterial(tls));
  return faults;
}
