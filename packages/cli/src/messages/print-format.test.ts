import type { Message } from "@bowline/client";
import { execFileSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { payloadFormat } from "./payload-format.ts";
import { compilePrintFormat, PRINT_FIELDS } from "./print-format.ts";
import { TIME_FIELDS } from "./strftime.ts";

afterEach(() => void vi.useRealTimers());

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

function message(payload: Uint8Array, properties: Message["properties"] = {}): Message {
  return {
    topicName: "a/b",
    payload,
    qos: 1,
    retain: true,
    dup: false,
    properties,
    text: () => "",
    json: <T>() => undefined as T,
    bytes: () => payload,
    ack: () => undefined,
  };
}

const printed = async (text: string, given: Message): Promise<string> => {
  const format = await payloadFormat("text");
  const pieces = compilePrintFormat(text)(given, format).map((piece) => Buffer.from(piece as string));
  return Buffer.concat(pieces).toString("latin1");
};

test("fields and escapes are what their letters say", async () => {
  const properties = {
    contentType: "text/plain",
    correlationData: bytes(0x63),
    messageExpiryInterval: 7,
    payloadFormatIndicator: 1 as const,
    userProperties: [["k", "v"]] as const,
    responseTopic: "r",
    subscriptionIdentifiers: [3, 4],
  };
  const given = message(bytes(0xff, 0x0a), properties);
  expect(await printed("%t|%x|%X|%b|%l|%q|%r|%%|@@", given)).toBe("a/b|ff0a|FF0A|/wo=|2|1|1|%|@");
  expect(await printed("%C|%D|%E|%F|%P|%R|%S", given)).toBe("text/plain|c|7|1|k:v|r|3 4");
  expect(await printed("%C%D%E%F%P%R%S", message(bytes()))).toBe("");
  expect(await printed("\\t\\n\\r\\0\\a\\e\\v\\\\x%p", given)).toBe("\t\n\r\0\u0007\u001b\v\\x\u00ff\n");
  expect(await printed("%I %U", given)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \d{10}\.\d{9}$/);
  expect(JSON.parse(await printed("%j", message(bytes(0xff))))).toMatchObject({
    v: 1,
    topic: "a/b",
    payload: "/w==",
    encoding: "base64",
  });
  expect(Object.keys(PRINT_FIELDS)).toHaveLength(22);
});

test("fields have widths, flags and precisions as in C", async () => {
  const given = message(Buffer.from("hello"));
  expect(await printed("%6t|%-6t|%.1t|%6.2t|%06t", given)).toBe("   a/b|a/b   |a|    a/|   a/b");
  expect(await printed("%3q|%03q|%-3q|%3E|%03E", given)).toBe("  1|001|1  |   |000");
  expect(await printed("%8p|%-8p|%3p|%08p", given)).toBe("   hello|hello   |hel|000hello");
  expect(await printed("%.2x|%.4:X|%4x|%12x", given)).toBe("68 65 6c 6c 6f|6865:6C6C:6F|6865|  68656c6c6f");
});

test("payloads that are numbers as computers hold them", async () => {
  expect(await printed("%f|%.1f|%9.2f|%09.2f", message(new Uint8Array(Float32Array.of(-1.5).buffer)))).toBe(
    "-1.500000|-1.5|    -1.50|-00001.50",
  );
  expect(await printed("%d|%.0d", message(new Uint8Array(Float64Array.of(2.25).buffer)))).toBe("2.250000|2");
  await expect(printed("%d", message(Buffer.from("2.25")))).rejects.toThrow("it has 4 bytes");
});

test("%J is the record with the payload as JSON", async () => {
  expect(JSON.parse(await printed("%J", message(Buffer.from('{"a":[1]}'))))).toMatchObject({
    payload: { a: [1] },
    encoding: "json",
    payloadLength: 9,
    time: expect.stringMatching(/Z$/),
  });
  expect(JSON.parse(await printed("%J", message(bytes())))).toMatchObject({ payload: null });
  await expect(printed("%J", message(Buffer.from("{")))).rejects.toThrow(/./);
  const lines = compilePrintFormat("%j", 2)(message(bytes()), await payloadFormat("text"))
    .join("")
    .split("\n");
  expect(lines.slice(0, 2)).toEqual(["{", '  "v": 1,']);
});

test.each([
  "2026-01-01T00:00:00.007",
  "2024-12-30T12:59:59",
  "2027-01-03T13:05:09.25",
  "2024-02-29T09:30:00",
  "2026-11-21T23:59:59",
])("times at %s are those of date", async (text) => {
  const time = new Date(text);
  vi.useFakeTimers({ now: time, toFake: ["Date"] });
  // The first has nine digits there, the second the names that the machine keeps.
  const letters = Object.keys(TIME_FIELDS).filter((letter) => letter !== "N" && letter !== "Z");
  const format = letters.map((letter) => `%${letter}`).join(";");
  const env = { ...process.env, LC_ALL: "C" };
  const expected = execFileSync("date", ["-d", `@${time.getTime() / 1_000}`, `+${format}`], { encoding: "utf8", env });
  expect(`${await printed(letters.map((letter) => `@${letter}`).join(";"), message(bytes()))}\n`).toBe(expected);
  expect(await printed("@Z", message(bytes()))).toMatch(/^[A-Z]+/);
  expect(await printed("@N", message(bytes()))).toBe(String(time.getMilliseconds() * 1e6).padStart(9, "0"));
});

test.each(["%z", "%", "\\q", "\\", "@", "@E", "%A", "%m"])("%j is refused", (text) => {
  expect(() => compilePrintFormat(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
