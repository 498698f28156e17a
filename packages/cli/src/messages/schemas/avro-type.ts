import type avro from "avsc";

/** A schema's type with what its kind has, as a union that a switch can take apart. */
export type AvroType =
  | { readonly typeName: "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string" }
  | { readonly typeName: "fixed"; readonly size: number }
  | { readonly typeName: "enum"; readonly symbols: readonly string[] }
  | { readonly typeName: "array"; readonly itemsType: avro.Type }
  | { readonly typeName: "map"; readonly valuesType: avro.Type }
  | { readonly typeName: "union:wrapped"; readonly types: readonly avro.Type[] }
  | { readonly typeName: "record" | "error"; readonly fields: readonly AvroField[] };

export interface AvroField {
  readonly name: string;
  readonly type: avro.Type;
  /** Undefined when there is none. */
  defaultValue(): unknown;
}

/** The package's own declarations do not say which kind has what. */
export function avroType(type: avro.Type): AvroType {
  return type as unknown as AvroType;
}

/** What a branch of a union is called in JSON. */
export function branchName(type: avro.Type): string {
  return (type as unknown as { branchName: string }).branchName;
}
