import { expect, test } from "vitest";
import { runInProcess } from "./testing/run-in-process.ts";

/* What people type whose fingers know another program: each is answered with our way to say it. */

const MESSAGE = ["-t", "a", "-m", "b"];

test.each([
  [["publish"], "Did you mean bowline pub?"],
  [["subscribe", "-t", "a"], "Did you mean bowline sub?"],
  [["start"], "Did you mean bowline up?"],
  [["pubb"], "Did you mean bowline pub?"],
  [["pub", "-p", "1883", ...MESSAGE], "The broker's URL comes first: mqtts://HOST:PORT"],
  [["sub", "--host", "localhost", "-t", "a"], "The broker's URL comes first: mqtts://HOST:PORT"],
  [["sub", "--cafile", "ca.pem", "-t", "a"], "Here it is --ca."],
  [["pub", "--protobuf-path", "a.proto", ...MESSAGE], "Here it is --schema."],
  [["pub", "localhost:8883", ...MESSAGE], "Write mqtts://localhost:8883, or mqtt://localhost:8883 without TLS."],
  [["sub", "broker.example", "-t", "a"], "Write mqtts://broker.example, or mqtt://broker.example without TLS."],
  [["rpc", "mqtt//localhost", ...MESSAGE], "Write mqtts://localhost, or mqtt://localhost without TLS."],
])("%j", async (words, advice) => {
  const { code, stdout, stderr } = await runInProcess(...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`\n  ${advice}`);
});
