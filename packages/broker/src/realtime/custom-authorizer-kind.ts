import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { MqttError } from "@bowline/protocol";
import { type AuthorizerFunction, functionArn, HttpsFunction, type Place, TokenSignature } from "@bowline/realtime";
import type { AuthenticatorContext, AuthenticatorKind } from "../auth/authenticator-kind.ts";
import { readSecret } from "../config/secret-reference.ts";
import { type CustomAuthorizerConfig, type CustomAuthorizerInput, customAuthorizerSchema } from "./custom-authorizer-config.ts";
import { CustomAuthorizerMethod } from "./custom-authorizer-method.ts";
import { HandlerFile } from "./handler-file.ts";
import type { UserModule } from "./user-module.ts";

/** @see CustomAuthorizerConfig */
export const customAuthorizerKind: AuthenticatorKind<CustomAuthorizerConfig, CustomAuthorizerInput> = {
  schema: customAuthorizerSchema,
  resolve: (config, { path, secret }) => ({
    ...config,
    ...(config.file === undefined ? {} : { file: path(config.file) }),
    ...mapped("environment", config.environment, (value) => (typeof value === "string" ? value : secret(value))),
    ...mapped("tokenSigningPublicKeys", config.tokenSigningPublicKeys, path),
  }),
  secrets: ({ environment }) =>
    Object.entries(environment).flatMap(([name, reference]) =>
      typeof reference === "string" ? [] : [{ path: ["environment", name], reference }],
    ),
  open: async (config, context) => {
    const place: Place = { partition: "aws", region: config.region, account: config.account };
    const { tokenKeyName } = config;
    const signed = tokenKeyName === undefined ? undefined : { tokenKeyName, signature: await signatureOf(config) };
    const authorizer = config.file === undefined ? openUrl(config) : await openFile(config, config.file, place, context);
    const method = new CustomAuthorizerMethod(
      {
        name: config.name,
        isDefault: config.isDefault,
        signed,
        rules: { minimumSeconds: config.minimumSeconds },
        place,
        explainRefusals: config.explainRefusals,
      },
      authorizer,
      (tenant, username) => context.users.find(tenant, username) !== undefined,
      context.logger,
    );
    return { method, close: () => void authorizer.close() };
  },
};

function mapped<K extends string, V, W>(
  key: K,
  values: Record<string, V> | undefined,
  change: (value: V) => W,
): { [P in K]?: Record<string, W> } {
  if (values === undefined) return {};
  return { [key]: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)])) } as {
    [P in K]: Record<string, W>;
  };
}

async function signatureOf({ tokenSigningPublicKeys }: CustomAuthorizerConfig): Promise<TokenSignature> {
  const keys: Record<string, string> = {};
  for (const [name, file] of Object.entries(tokenSigningPublicKeys)) {
    keys[name] = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
      throw new MqttError("CONFIG_INVALID", { detail: `authorizer: ${file} cannot be read (${cause.code ?? "unknown"})`, cause });
    });
  }
  return new TokenSignature(keys);
}

function openUrl({ url = "", timeoutMs }: CustomAuthorizerConfig): AuthorizerFunction {
  return new HttpsFunction(url, { timeoutMs });
}

/** The handler of a file, in processes of its own. */
async function openFile(
  config: CustomAuthorizerConfig,
  file: string,
  place: Place,
  context: AuthenticatorContext,
): Promise<AuthorizerFunction> {
  const { name = "authorizer", handler, timeoutMs, processes, memoryMegabytes } = config;
  const { logger, loadUserModule = plainModule } = context;
  const environment = await environmentOf(config);
  return HandlerFile.open({
    file,
    load: loadUserModule,
    logger: logger.child({ authorizer: name }),
    options: { handler, functionArn: functionArn(place, name), environment, processes, timeoutMs, memoryMegabytes },
  });
}

async function environmentOf({ environment }: CustomAuthorizerConfig): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    values[name] = typeof value === "string" ? value : (await readSecret(value)).reveal();
  }
  return values;
}

/** Without the command line's bundler a module is run as it is. */
function plainModule(file: string): Promise<UserModule> {
  if (/^\.[cm]?tsx?$/.test(extname(file)))
    throw new MqttError("CONFIG_INVALID", {
      detail: `authorizer: ${file} is TypeScript, which the command line runs; compile it here`,
    });
  return Promise.resolve({ url: pathToFileURL(file).href, files: [file], dispose: () => Promise.resolve() });
}
