import { isBuiltin } from "node:module";
import type { PackageManifest } from "../repository.ts";

/**
 * Packages that a bundle imports and its own package does not depend on, such as those of another package whose code is in the bundle. They
 * are found where npm lays everything flat, and nowhere else: not in a global installation of archives, nor with pnpm.
 */
export function undeclaredImports(imports: readonly string[], { name, dependencies = {} }: PackageManifest): string[] {
  const packages = imports.filter((path) => !/^[./#]/.test(path) && !isBuiltin(path)).map(packageOf);
  return [...new Set(packages)].filter((each) => each !== name && !Object.hasOwn(dependencies, each)).toSorted();
}

/** `@hono/node-server` of `@hono/node-server/serve-static`. */
function packageOf(path: string): string {
  return path.split("/", path.startsWith("@") ? 2 : 1).join("/");
}
