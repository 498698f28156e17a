import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "../system/missing-programs.ts";

const run = promisify(execFile);

export interface Material {
  readonly cert: string;
  readonly key: string;
}

export interface LeafOptions {
  /** Alternative names, "DNS:..." or "IP:..."; none leaves the extension out. */
  readonly names?: readonly string[];
  readonly commonName?: string;
  /** Days of validity from now on; below zero it has expired. Default 2. */
  readonly days?: number;
}

/** An authority made with openssl in a folder of the test's, and what it issues. */
export class OpensslAuthority {
  readonly folder: string;
  readonly cert: string;
  private count = 0;

  private constructor(folder: string, cert: string) {
    this.folder = folder;
    this.cert = cert;
  }

  static async make(folder: string): Promise<OpensslAuthority> {
    const key = join(folder, "authority.key");
    const cert = join(folder, "authority.pem");
    await openssl("req", "-x509", ...newKey(key), "-out", cert, "-days", "3", "-subj", "/CN=Test authority");
    return new OpensslAuthority(folder, await readFile(cert, "utf8"));
  }

  async issue({ names = [], commonName = "broker", days = 2 }: LeafOptions): Promise<Material> {
    const base = join(this.folder, `leaf-${++this.count}`);
    await openssl("req", ...newKey(`${base}.key`), "-out", `${base}.csr`, "-subj", `/CN=${commonName}`);
    await writeFile(`${base}.ext`, names.length === 0 ? "basicConstraints=CA:FALSE\n" : `subjectAltName=${names.join(",")}\n`);
    const authority = ["-CA", join(this.folder, "authority.pem"), "-CAkey", join(this.folder, "authority.key")];
    const serial = ["-set_serial", String(1000 + this.count), "-days", String(days), "-extfile", `${base}.ext`];
    await openssl("x509", "-req", "-in", `${base}.csr`, ...authority, ...serial, "-out", `${base}.pem`);
    return { cert: await readFile(`${base}.pem`, "utf8"), key: await readFile(`${base}.key`, "utf8") };
  }

  /** A certificate that is its own authority. */
  async selfSigned(name: string): Promise<Material> {
    const base = join(this.folder, `self-${++this.count}`);
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-addext", "basicConstraints=CA:FALSE"];
    await openssl("req", "-x509", ...newKey(`${base}.key`), "-out", `${base}.pem`, "-days", "2", ...subject);
    return { cert: await readFile(`${base}.pem`, "utf8"), key: await readFile(`${base}.key`, "utf8") };
  }
}

function newKey(file: string): readonly string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file];
}

async function openssl(...args: string[]): Promise<void> {
  await run(programPath("openssl") ?? "openssl", args);
}
