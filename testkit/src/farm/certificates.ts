import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Material } from "../failures/openssl-certificates.ts";
import { programPath } from "../system/missing-programs.ts";

const run = promisify(execFile);

/** What is special about each certificate. */
export type MaterialName =
  | "root"
  | "foreign"
  | "inspector"
  | "intermediate"
  | "oldIntermediate"
  | "good"
  | "foreignLeaf"
  | "inspected"
  | "other"
  | "alias"
  | "aws"
  | "clouds"
  | "oldAws"
  | "page"
  | "byIntermediate"
  | "publicLeaf"
  | "byOldIntermediate"
  | "nameOnly"
  | "weak"
  | "selfSigned"
  | "expired"
  | "expiredOther"
  | "client"
  | "expiredClient"
  | "foreignClient";

interface Wanted {
  readonly commonName?: string;
  readonly names?: string;
  /** Who signs it; nobody makes it self-signed. */
  readonly by?: MaterialName;
  readonly isAuthority?: boolean;
  readonly days?: number;
  readonly key?: readonly string[];
  readonly extra?: string;
}

const LOCAL = "DNS:localhost,IP:127.0.0.1";
const AWS = "DNS:a1b2-ats.iot.eu-west-1.amazonaws.com,DNS:a1b2.iot.eu-west-1.amazonaws.com";
/** Endpoints of providers, and an alias of one for which it has no certificate. */
export const cloudHosts = {
  aws: "a1b2-ats.iot.eu-west-1.amazonaws.com",
  oldAws: "a1b2.iot.eu-west-1.amazonaws.com",
  emqx: "x1y2.ala.eu-central-1.emqxsl.com",
  hiveMq: "c3d4.s1.eu.hivemq.cloud",
  azure: "farm.azure-devices.net",
  alias: "mqtt.mine.example",
} as const;
const namesOf = (...hosts: readonly string[]): string => hosts.map((host) => `DNS:${host}`).join();
const CLOUDS = namesOf(cloudHosts.aws, cloudHosts.emqx, cloudHosts.hiveMq, cloudHosts.azure);
/** A page that comes from elsewhere, as far as its browser can see. */
export const pageHost = "page.example";
const RSA_1024 = ["-newkey", "rsa:1024"];

/** In an order in which each comes after its signer. */
const wanted: Readonly<Record<MaterialName, Wanted>> = {
  root: { commonName: "Farm root", isAuthority: true },
  foreign: { commonName: "Another root", isAuthority: true },
  inspector: { commonName: "Zscaler Root CA", isAuthority: true },
  intermediate: { commonName: "Farm intermediate", isAuthority: true, by: "root" },
  oldIntermediate: { commonName: "Farm old intermediate", isAuthority: true, by: "root", days: -1 },
  good: { names: LOCAL, by: "root" },
  foreignLeaf: { names: LOCAL, by: "foreign" },
  inspected: { names: LOCAL, by: "inspector" },
  other: { names: "DNS:broker.other.example", by: "root" },
  alias: { names: "DNS:target.cloud.example", by: "root" },
  aws: { names: AWS, by: "root" },
  clouds: { names: CLOUDS, by: "root" },
  oldAws: { names: namesOf(cloudHosts.oldAws), by: "foreign" },
  page: { names: `DNS:localhost,DNS:${pageHost}`, by: "root" },
  byIntermediate: { names: LOCAL, by: "intermediate" },
  publicLeaf: { names: LOCAL, by: "intermediate", extra: "authorityInfoAccess=caIssuers;URI:http://ca.example/intermediate.crt" },
  byOldIntermediate: { names: LOCAL, by: "oldIntermediate" },
  nameOnly: { commonName: "localhost", by: "root" },
  weak: { names: LOCAL, by: "root", key: RSA_1024 },
  selfSigned: { commonName: "localhost", names: LOCAL },
  expired: { names: LOCAL, by: "root", days: -1 },
  expiredOther: { names: "DNS:broker.other.example", by: "root", days: -1 },
  client: { commonName: "client", by: "root" },
  expiredClient: { commonName: "client", by: "root", days: -1 },
  foreignClient: { commonName: "client", by: "foreign" },
};

/** Makes all certificates with openssl, in a folder of the test's. */
export async function makeCertificates(folder: string): Promise<Readonly<Record<MaterialName, Material>>> {
  const made: Partial<Record<MaterialName, Material>> = {};
  for (const name of Object.keys(wanted) as MaterialName[]) made[name] = await make(folder, name, wanted[name]);
  return made as Readonly<Record<MaterialName, Material>>;
}

async function make(folder: string, name: string, one: Wanted): Promise<Material> {
  const base = join(folder, name);
  const { commonName = "broker", names, by, isAuthority = false, days = 2, extra } = one;
  const key = one.key ?? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const extensions = [
    `basicConstraints=CA:${isAuthority ? "TRUE" : "FALSE"}`,
    ...(names === undefined ? [] : [`subjectAltName=${names}`]),
    ...(extra === undefined ? [] : [extra]),
  ];
  const subject = ["-nodes", "-keyout", `${base}.key`, "-subj", `/CN=${commonName}`];
  if (by === undefined) {
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    await openssl("req", "-x509", ...key, ...subject, "-out", `${base}.pem`, "-days", String(days), ...added);
  } else {
    await openssl("req", ...key, ...subject, "-out", `${base}.csr`);
    await writeFile(`${base}.ext`, `${extensions.join("\n")}\n`);
    const signer = ["-CA", join(folder, `${by}.pem`), "-CAkey", join(folder, `${by}.key`), "-CAcreateserial"];
    const out = ["-out", `${base}.pem`, "-days", String(days), "-extfile", `${base}.ext`];
    await openssl("x509", "-req", "-in", `${base}.csr`, ...signer, ...out);
  }
  return { cert: await readFile(`${base}.pem`, "utf8"), key: await readFile(`${base}.key`, "utf8") };
}

async function openssl(...args: string[]): Promise<void> {
  await run(programPath("openssl") ?? "openssl", args);
}
