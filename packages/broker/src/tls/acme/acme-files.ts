import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CertificateMaterial, certificateBlocks, checkedMaterial, parsePrivateKey, readPem } from "../certificate-files.ts";
import { writeAtomically } from "../write-atomically.ts";

/** The certificate of an earlier order. */
export interface KeptCertificate {
  readonly material: CertificateMaterial;
  /** Wall time in ms. */
  readonly notBefore: number;
  /** The directory of the server that issued it. */
  readonly directory: string | undefined;
}

/** What ACME keeps in the data folder: `acme/account-key.pem` and `acme/certificate.pem`, both of mode 600. */
export class AcmeFiles {
  readonly #folder: string;

  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, "acme");
  }

  get certificateFile(): string {
    return join(this.#folder, "certificate.pem");
  }

  /**
   * Undefined when there is none yet.
   *
   * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH
   */
  async readCertificate(): Promise<KeptCertificate | undefined> {
    const file = this.certificateFile;
    if (!(await exists(file))) return undefined;
    const pem = await readPem(file);
    const material = checkedMaterial(certificateBlocks(pem, file), parsePrivateKey(pem, file), file, file);
    return {
      material,
      notBefore: Date.parse(new X509Certificate(material.certificate).validFrom),
      directory: /^Issued by: (\S+)$/m.exec(pem)?.[1],
    };
  }

  async writeCertificate({ certificate, privateKey }: CertificateMaterial, directory: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Key and certificate share a file, so that a crash never leaves one without the other.
    await writeAtomically(this.certificateFile, `Issued by: ${directory}\n${certificate}\n${privateKey}`, 0o600);
  }

  /**
   * PEM of the key that is the account; made when there is none.
   *
   * @throws MqttError CERTIFICATE_UNREADABLE
   */
  async accountKey(): Promise<string> {
    const file = join(this.#folder, "account-key.pem");
    if (await exists(file)) {
      const pem = await readPem(file);
      parsePrivateKey(pem, file);
      return pem;
    }
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeAtomically(file, privateKey, 0o600);
    return privateKey;
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}
