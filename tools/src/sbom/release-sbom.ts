import { join } from "node:path";
import { listWorkspaces, type PackageManifest, root } from "../repository.ts";
import { runCommand } from "../run-command.ts";

/** The part of a CycloneDX component that is looked at here. */
export interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly unknown[];
  readonly [field: string]: unknown;
}

/** Who needs whom, by their references. */
export interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

/** A software bill of materials in CycloneDX's JSON form, as npm writes it. */
export interface Sbom {
  readonly metadata: { readonly component: Component; readonly [field: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  readonly [field: string]: unknown;
}

/** What a package carries in its built files, and so ships without depending on it. */
const shippedInside: Readonly<Record<string, readonly string[]>> = {
  "@bowline/console": ["@bowline/client", "preact"],
};

/** The packages that a release publishes. */
export function publishedPackages(base: string = root): PackageManifest[] {
  return listWorkspaces(base)
    .map(({ manifest }) => manifest)
    .filter((manifest) => manifest.private !== true);
}

/**
 * What a release consists of: our packages, and everything that installing them brings or that lies inside of their files. Made by npm
 * from the lock file, for all platforms; npm's own choice (`--omit dev`) would leave out what a tool of ours needs too.
 */
export async function releaseSbom(): Promise<Sbom> {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only", "--loglevel", "silent"];
  const { code, output } = await runCommand("npm", args);
  if (code !== 0) throw new Error(`npm sbom failed: ${output}`);
  return shippedPart(JSON.parse(output.slice(output.indexOf("{"))) as Sbom, publishedPackages());
}

/** The document without what only building and testing need. */
function shippedPart(all: Sbom, published: readonly PackageManifest[]): Sbom {
  const manifests = new Map(published.map((manifest) => [refOf(manifest), manifest]));
  const edges = new Map(all.dependencies.map(({ ref, dependsOn }) => [ref, shippedEdges(dependsOn, manifests.get(ref))]));
  const shipped = new Set(manifests.keys());
  // A set is walked with what is added to it on the way.
  for (const ref of shipped) for (const next of edges.get(ref) ?? []) shipped.add(next);
  const { component } = all.metadata;
  const release: Component = {
    "bom-ref": "release",
    type: "application",
    name: "bowline",
    version: component.version,
    purl: `pkg:npm/bowline@${component.version}`,
    ...(component.licenses === undefined ? {} : { licenses: component.licenses }),
  };
  return {
    ...all,
    metadata: { ...all.metadata, component: release },
    components: all.components.filter((each) => shipped.has(each["bom-ref"])).map(withWholeName),
    dependencies: [
      { ref: "release", dependsOn: [...manifests.keys()] },
      ...[...shipped].map((ref) => ({ ref, dependsOn: edges.get(ref) ?? [] })),
    ],
  };
}

function shippedEdges(dependsOn: readonly string[], manifest: PackageManifest | undefined): string[] {
  if (manifest === undefined) return [...dependsOn];
  const names = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...(shippedInside[manifest.name] ?? []),
  ]);
  return dependsOn.filter((ref) => names.has(nameIn(ref)));
}

/** npm calls a workspace by its folder. */
function withWholeName(component: Component): Component {
  return { ...component, name: nameIn(component["bom-ref"]) };
}

function refOf({ name, version = "" }: PackageManifest): string {
  return `${name}@${version}`;
}

/** `@scope/name` of `@scope/name@1.0.0`. */
export function nameIn(ref: string): string {
  return ref.slice(0, ref.lastIndexOf("@"));
}

/** Where the document lies, beside what it is about. */
export const sbomFile: string = join(root, "sbom.cdx.json");
