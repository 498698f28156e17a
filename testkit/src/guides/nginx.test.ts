import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { expect, test } from "vitest";

import { NginxProcess } from "../failures/nginx-process.ts";
import { OpensslAuthority } from "../failures/openssl-certificates.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { closedPort } from "./closed-port.ts";
import { startExampleBroker, USER } from "./example-broker.ts";

const missing = missingPrograms("nginx", "openssl");
const example = join(import.meta.dirname, "../../../examples/nginx.conf");

test.skipIf(missing !== "")(`client and drop-in reach a broker behind the guide's nginx${missing && ` (${missing})`}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "bowline-nginx-"));
  const broker = await startExampleBroker();
  const authority = await OpensslAuthority.make(folder);
  const { cert, key } = await authority.issue({ names: ["DNS:localhost"] });
  await writeFile(join(folder, "example.com.pem"), cert);
  await writeFile(join(folder, "example.com.key"), key);
  const port = await closedPort();
  // Only ports and places differ from what the guide shows.
  const configuration = (await readFile(example, "utf8"))
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replaceAll("/etc/ssl", folder)
    .replace("127.0.0.1:8083", `127.0.0.1:${broker.port("ws")}`);
  const nginx = await NginxProcess.start(folder, configuration, port);
  const url = `wss://localhost:${port}/mqtt`;
  const client = connect(url, { credentials: USER, tls: { ca: authority.cert } });
  const dropIn = mqtt.connect(url, { ...USER, ca: authority.cert });
  try {
    const messages = client.subscribe("demo/#");
    await messages.ready;
    await dropIn.publishAsync("demo/hello", "through nginx", { qos: 1 });
    expect((await messages.next()).value?.text()).toBe("through nginx");
  } finally {
    await client.close();
    await dropIn.endAsync();
    await nginx.stop();
    await broker.stop();
    await rm(folder, { recursive: true });
  }
});
