import { z } from "zod";
import { type SecretReference, secretReferenceSchema } from "../config/secret-reference.ts";
import { wholeNumber } from "../config/whole-number.ts";

/** A custom authorizer in AWS IoT Core's contract: a handler in a file, or a function behind HTTPS. */
export interface CustomAuthorizerConfig {
  /** A custom authorizer in AWS IoT Core's contract, such as SST Realtime's. */
  kind: "custom-authorizer";
  /** What clients call it in x-amz-customauthorizer-name. Without it any name means this one. */
  name?: string | undefined;
  /** A module (JavaScript, or TypeScript with the command line) that exports the handler. */
  file?: string | undefined;
  /** Name of the export that is the handler. Default: "handler". */
  handler: string;
  /** In place of `file`: https:// address that the event is posted to (http:// on the loopback only). */
  url?: string | undefined;
  /** All environment variables of the handler; a value may be a secret, {file: PATH} or {env: NAME}. Default: {}. */
  environment: Record<string, string | SecretReference>;
  /** Decides about clients that name no authorizer too, but for those whose User Name is a user's of the store. Default: false. */
  isDefault: boolean;
  /** Name of the parameter with the signed token; then every token must be signed. */
  tokenKeyName?: string | undefined;
  /** Name and file of each public key (PEM, RSA of 2,048 bits or more) that tokens may be signed with. Default: {}. */
  tokenSigningPublicKeys: Record<string, string>;
  /** Ms for one call in all. From 100 to 5000. Default: 5000. */
  timeoutMs: number;
  /**
   * The least refreshAfterInSeconds and disconnectAfterInSeconds; AWS has 300, less makes sense in development. From 1 to 300.
   * Default: 300.
   */
  minimumSeconds: number;
  /** Processes that run the handler. From 1 to 64. Default: 2. */
  processes: number;
  /** Heap of each, in MiB. From 16 to 4096. Default: 128. */
  memoryMegabytes: number;
  /** In the ARNs that policies name. Default: "us-east-1". */
  region: string;
  /** In the ARNs that policies name; as a text, in quotation marks. Default: "000000000000". */
  account: string;
  /** Tells a refused client why, in the Reason String: for development, since it may tell too much. Default: false. */
  explainRefusals: boolean;
}

/** @see CustomAuthorizerConfig */
export type CustomAuthorizerInput = { kind: "custom-authorizer" } & {
  [K in keyof Omit<CustomAuthorizerConfig, "kind">]?: CustomAuthorizerConfig[K] | undefined;
};

/** @see CustomAuthorizerConfig */
export const customAuthorizerSchema: z.ZodType<CustomAuthorizerConfig, CustomAuthorizerInput> = z
  .strictObject({
    kind: z.literal("custom-authorizer").describe("A custom authorizer in AWS IoT Core's contract, such as SST Realtime's."),
    name: z
      .string()
      .regex(/^[\w=,@-]{1,128}$/, { error: "must be 1 to 128 of the letters, digits and _=,@-" })
      .optional()
      .describe("What clients call it in x-amz-customauthorizer-name. Without it any name means this one."),
    file: z.string().optional().describe("A module (JavaScript, or TypeScript with the command line) that exports the handler."),
    handler: z.string().min(1).default("handler").describe("Name of the export that is the handler."),
    url: z
      .string()
      .optional()
      .describe("In place of `file`: https:// address that the event is posted to (http:// on the loopback only)."),
    environment: z
      .record(z.string(), z.union([z.string(), secretReferenceSchema]))
      .default({})
      .describe("All environment variables of the handler; a value may be a secret, {file: PATH} or {env: NAME}."),
    isDefault: z
      .boolean()
      .default(false)
      .describe("Decides about clients that name no authorizer too, but for those whose User Name is a user's of the store."),
    tokenKeyName: z.string().optional().describe("Name of the parameter with the signed token; then every token must be signed."),
    tokenSigningPublicKeys: z
      .record(z.string(), z.string())
      .default({})
      .describe("Name and file of each public key (PEM, RSA of 2,048 bits or more) that tokens may be signed with."),
    timeoutMs: wholeNumber(100, 5_000).default(5_000).describe("Ms for one call in all."),
    minimumSeconds: wholeNumber(1, 300)
      .default(300)
      .describe("The least refreshAfterInSeconds and disconnectAfterInSeconds; AWS has 300, less makes sense in development."),
    processes: wholeNumber(1, 64).default(2).describe("Processes that run the handler."),
    memoryMegabytes: wholeNumber(16, 4_096).default(128).describe("Heap of each, in MiB."),
    region: z.string().default("us-east-1").describe("In the ARNs that policies name."),
    account: z
      .string()
      .regex(/^\d{12}$/, { error: "must be twelve digits" })
      .default("000000000000")
      .describe("In the ARNs that policies name; as a text, in quotation marks."),
    explainRefusals: z
      .boolean()
      .default(false)
      .describe("Tells a refused client why, in the Reason String: for development, since it may tell too much."),
  })
  .refine(({ file, url }) => (file === undefined) !== (url === undefined), { error: "needs either `file` or `url`" })
  .refine(
    ({ tokenKeyName, tokenSigningPublicKeys }) =>
      (tokenKeyName === undefined) === (Object.keys(tokenSigningPublicKeys).length === 0),
    {
      error: "needs `tokenKeyName` and `tokenSigningPublicKeys` together",
    },
  );
