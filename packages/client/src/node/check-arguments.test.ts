import { afterEach, expect, test, vi } from "vitest";
import { connect } from "../connect.ts";
import { checkArguments } from "./check-arguments.ts";

afterEach(() => void vi.restoreAllMocks());

test("options that there are not are told once, with where ours stand", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const options = { username: "ann", keepalive: 3, sesion: {}, nothingLikeIt: 1, keepAlive: 5, reconnect: false } as const;
  await connect("mqtt://127.0.0.1:1", options).abort();
  await connect("mqtt://127.0.0.1:1", options).abort();
  expect(warn.mock.calls).toEqual([
    ["bowline: connect has no option username: write credentials: { username }"],
    ["bowline: connect has no option keepalive: write keepAlive"],
    ["bowline: connect has no option sesion: write session"],
    ["bowline: connect has no option nothingLikeIt"],
  ]);
});

test("a URL is a string", () => {
  for (const url of [undefined, { host: "localhost" }, new URL("mqtt://localhost")])
    expect(() => checkArguments(url, {})).toThrow(
      "URL_INVALID: the URL cannot be parsed: the first argument of connect is the URL",
    );
});
