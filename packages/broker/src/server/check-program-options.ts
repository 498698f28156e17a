import { MqttError } from "@bowline/protocol";

const LOG_METHODS = ["trace", "debug", "info", "warn", "error", "child"];

/**
 * The options that no configuration file has, and so no schema sees: a wrong one is told at the start, not at the first client.
 *
 * @throws MqttError OPTION_INVALID
 */
export function checkProgramOptions(options: unknown): void {
  if (!isObject(options)) throw new MqttError("OPTION_INVALID", { detail: "createBroker takes an object of options" });
  const { authenticationMethods, redirect, rules, logger, ...texts } = options;
  mustBe(
    logger === undefined || hasMethods(logger, LOG_METHODS),
    `logger needs the methods ${LOG_METHODS.join(", ")}, as pino's and those of createLogger have`,
  );
  mustBe(
    authenticationMethods === undefined || (Array.isArray(authenticationMethods) && authenticationMethods.every(isMethod)),
    "authenticationMethods must be a list of objects with name and begin",
  );
  mustBe(redirect === undefined || typeof redirect === "function", "redirect must be a function");
  mustBe(rules === undefined || Array.isArray(rules), "rules must be a list");
  for (const name of ["consoleFiles", "directory", "version"] as const)
    mustBe(texts[name] === undefined || typeof texts[name] === "string", `${name} must be a text`);
}

function mustBe(isRight: boolean, detail: string): void {
  if (!isRight) throw new MqttError("OPTION_INVALID", { detail });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isMethod(value: unknown): boolean {
  return isObject(value) && typeof value["name"] === "string" && hasMethods(value, ["begin"]);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === "function");
}
