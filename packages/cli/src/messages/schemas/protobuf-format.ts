import { MqttError } from "@bowline/protocol";
import protobuf from "protobufjs";
import protojson from "protobufjs/ext/protojson.js";
import { exactJson } from "../exact-json.ts";
import { type PayloadFormat, textOf } from "../payload-coding.ts";
import { readProtoFiles } from "./proto-files.ts";

/**
 * ProtoJSON on our side, Protocol Buffers in the message. What the schema does not know is refused when it is to be sent, and passed
 * over when it comes: a publisher may have a newer one.
 *
 * @param typeName may be left out where the file has one message
 * @param top folder of the imports
 * @throws MqttError USAGE, OPTION_INVALID
 */
export function protobufFormat(path: string, typeName: string | undefined, top: string | undefined): PayloadFormat {
  const { root, main } = readProtoFiles(path, top);
  const type = typeOf(root, main, typeName);
  const value = (payload: Uint8Array): unknown => protojson.toJson(type, type.decode(payload));
  return {
    name: "protobuf",
    encode: (given) => {
      const message = protojson.fromJson(type, withTexts(exactJson(textOf(given))));
      mustBeWhole(type, message as unknown as Fields, type.name);
      return type.encode(message).finish();
    },
    decode: (payload) => JSON.stringify(value(payload)),
    value,
  };
}

/** ProtoJSON takes large numbers as texts, too. */
function withTexts(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each)));
}

type Fields = Readonly<Record<string, unknown>>;

/** The encoder sends zeros for required fields that are missing. */
function mustBeWhole(type: protobuf.Type, message: Fields, place: string): void {
  for (const field of type.fieldsArray) {
    const { name, resolvedType } = field.resolve();
    const value = Object.hasOwn(message, name) ? message[name] : undefined;
    if (value === undefined) {
      if (field.required) throw new Error(`${place}.${name} is missing, which is required`);
    } else if (resolvedType instanceof protobuf.Type) {
      const inside = field.map ? Object.values(value as object) : [value].flat();
      for (const each of inside) mustBeWhole(resolvedType, each as Fields, `${place}.${name}`);
    }
  }
}

function typeOf(root: protobuf.Root, main: string, name: string | undefined): protobuf.Type {
  const known = messagesOf(root);
  const inFile = known.filter(({ filename, parent }) => filename === main && !(parent instanceof protobuf.Type));
  const found = name === undefined ? inFile : known.filter((type) => isCalled(type, name));
  const [type] = found;
  if (type !== undefined && found.length === 1) return type;
  const names = (found.length > 1 ? found : inFile).map(({ fullName }) => fullName.slice(1)).join(", ");
  const problem = name === undefined ? "say which message with --schema-type" : `--schema-type ${name} is not one message`;
  throw new MqttError("USAGE", { detail: `${problem}; there are ${names === "" ? "none" : names}` });
}

/** By its whole name, or by the end of it. */
function isCalled({ fullName }: protobuf.Type, name: string): boolean {
  return fullName.endsWith(`.${name.replace(/^\./, "")}`);
}

function messagesOf(space: protobuf.NamespaceBase): protobuf.Type[] {
  return space.nestedArray.flatMap((each) => [
    ...(each instanceof protobuf.Type ? [each] : []),
    ...(each instanceof protobuf.Namespace ? messagesOf(each) : []),
  ]);
}
