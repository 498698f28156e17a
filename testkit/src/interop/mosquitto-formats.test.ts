import { runBowline } from "bowline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LocalServers } from "../broker/local-servers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { ForeignProgram } from "./foreign-program.ts";

/* What bowline sub --print makes of a format is what mosquitto_sub -F makes of it. */

const missing = missingPrograms("mosquitto_pub", "mosquitto_sub");
const FORMATS = [
  "%t|%p|%l|%q|%r|%x|%X",
  "[%10t][%-10t][%.3t][%5.2t]",
  "[%5l][%05l][%-5l]",
  "[%8p][%-8p][%08p][%3p]",
  "%C|%D|%E|%F|%P|%R|%S",
  "[%12C][%-12C][%.4C][%9E]",
  "@Y-@m-@d @j @a @b @u @U @V @G@@ @%",
  "\\t\\\\x%%",
];

describe.skipIf(missing !== "")(`formats of mosquitto_sub${missing && ` (${missing})`}`, () => {
  const servers = new LocalServers({ memory: true, anonymous: true, listen: ["mqtt://127.0.0.1:0"] });
  let url = "";
  beforeAll(async () => {
    await servers.begin();
    url = (await servers.start()).listeners[0] ?? "";
    const properties = ["content-type text/plain", "response-topic r/x", "correlation-data cd", "payload-format-indicator 1"];
    const given = [...properties, "user-property k v", "user-property k2 v2"].flatMap((text) => [
      "-D",
      "publish",
      ...text.split(" "),
    ]);
    const { ended } = new ForeignProgram("mosquitto_pub", [
      "-L",
      `${url}/f/1`,
      "-V",
      "5",
      "-q",
      "1",
      "-r",
      "-m",
      "hello",
      ...given,
    ]);
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  });
  afterAll(() => servers.end());

  test("the same comes out", async () => {
    const format = FORMATS.join("\\n");
    const words = ["-C", "1", "-q", "1", "-F", format];
    const theirs = await new ForeignProgram("mosquitto_sub", ["-L", `${url}/f/1`, "-V", "5", ...words]).ended;
    let ours = "";
    const write = (text: string | Uint8Array, ...rest: ((() => void) | string)[]): boolean => {
      ours += Buffer.from(text as string).toString("utf8");
      const done = rest.at(-1);
      if (typeof done === "function") done();
      return true;
    };
    const stdout = vi.spyOn(process.stdout, "write").mockImplementation(write as typeof process.stdout.write);
    const code = await runBowline(["sub", url, "-t", "f/1", "-W", "20", ...words]);
    stdout.mockRestore();
    expect({ code, lines: ours.split("\n") }).toEqual({ code: theirs.code, lines: theirs.stdout.split("\n") });
  });
});
