import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { MqttError } from "@bowline/protocol";
import protobuf from "protobufjs";

/** Files of a schema, its imports and theirs. More is no schema that somebody wrote. */
const FILES_MAX = 1_000;

/**
 * Reads a .proto file with all that it imports. A schema may come from a stranger: what it imports is looked for in one folder and
 * below alone, beside the importing file and from the folder's top, never by an absolute path or through a link that leads out.
 *
 * @param top default the file's own folder
 * @throws MqttError OPTION_INVALID
 */
export function readProtoFiles(path: string, top: string | undefined): { root: protobuf.Root; main: string } {
  const root = new protobuf.Root();
  const main = realPath(path) ?? fail(path, "it cannot be read");
  const folder = realPath(top ?? dirname(main)) ?? fail(String(top), "there is no such folder");
  const seen = new Set([main]);
  for (const file of seen) {
    if (seen.size > FILES_MAX) fail(path, `it imports more than ${FILES_MAX} files`);
    for (const name of parse(file, root)) {
      const known = protobuf.common.get(name);
      if (known !== null) root.addJSON(known.nested ?? {});
      else seen.add(located(name, file, folder) ?? fail(basename(file), `its import "${name}" is not in ${folder}`));
    }
  }
  try {
    root.resolveAll();
  } catch (error) {
    fail(path, (error as Error).message);
  }
  return { root, main };
}

/** Errors and types name the file that it is told, which its declarations leave out. */
const parser = protobuf.parse as typeof protobuf.parse & { filename: string | null };

/** Puts the file's types into the root, and returns what it imports. */
function parse(file: string, root: protobuf.Root): readonly string[] {
  try {
    const text = readFileSync(file, "utf8");
    parser.filename = file;
    const { imports, weakImports } = parser(text, root);
    return [...(imports ?? []), ...(weakImports ?? [])];
  } catch (error) {
    return fail(basename(file), (error as Error).message);
  } finally {
    parser.filename = null;
  }
}

function located(name: string, importer: string, folder: string): string | undefined {
  if (/^google\/protobuf\/\w+\.proto$/.test(name)) return ownFile(name);
  return [join(folder, name), join(dirname(importer), name)].map(realPath).find((path) => path !== undefined && isIn(path, folder));
}

/** Those of Protocol Buffers itself come with the package. */
function ownFile(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`protobufjs/${name}`);
  } catch {
    return undefined;
  }
}

function isIn(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !isAbsolute(way) && !/^\.\.(?:[\\/]|$)/.test(way);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function fail(path: string, reason: string): never {
  throw new MqttError("OPTION_INVALID", {
    detail: `--schema ${path}: ${reason}`,
    remedy: "Correct the schema, or give --schema-root DIR.",
  });
}
