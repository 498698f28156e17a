// `npm pack` and `npm publish` in a package take what lies in dist, and half a build makes half a package: so they refuse unless all is
// there. Plain JavaScript, since it must run before anything is compiled.
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const missing = [...namedFiles(manifest), ...compiledFiles()].filter((path) => !existsSync(path));
if (missing.length > 0) {
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
  process.stderr.write(
    `error: ${manifest.name} is not built: ${missing.slice(0, 3).join(", ")}${more} missing; run npm run build in the root\n`,
  );
  process.exitCode = 1;
}
// npm puts it into the package without being told, but only from the package's own folder.
copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");

/** What the manifest says there is: entries, the command, files for pages. */
function namedFiles({ main, types, unpkg, jsdelivr, bin, exports, imports, files }) {
  const named = new Set((files ?? []).filter((name) => !name.startsWith("!")));
  const walk = (value, condition) => {
    if (condition === "@bowline/source") return;
    if (typeof value === "string") {
      if (value.startsWith("./") && !value.includes("*")) named.add(value);
    } else for (const [key, inner] of Object.entries(value ?? {})) walk(inner, key);
  };
  for (const value of [main, types, unpkg, jsdelivr, bin, exports, imports]) walk(value, "");
  return named;
}

/** What the compiler makes, one file for each source; a package that is bundled alone has its page. */
function compiledFiles() {
  const options = readFileSync("tsconfig.json", "utf8");
  if (!options.includes('"outDir": "dist"')) return ["dist/index.html"];
  return readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.d)\.tsx?$/.test(name) && !/\.test\.tsx?$|^testing[\\/]/.test(name))
    .map((name) => join("dist", name.replace(/\.tsx?$/, ".js")));
}
