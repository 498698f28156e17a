import { parseArgs } from "node:util";

const USAGE = `Judges a broker or a client by the statements of MQTT 5.0 and 3.1.1.

  node testkit/dist/conformance/main.js broker URL [options]
  node testkit/dist/conformance/main.js client CLIENT [options]
  node testkit/dist/conformance/main.js client [options] -- PROGRAM [ARGUMENT]...

  URL                 mqtt://host:port, or mqtts://host:port
  CLIENT              client, mqttjs, mqtt, mosquitto_sub, mosquitto_pub, or a module that exports a driver
  PROGRAM             a program that drives a client by lines of JSON, see client/README.md
  --version V         5, 3.1.1 or 3.1; all by default
  --chapter N         a chapter such as 3.3
  --case TEXT         cases whose id or title contains the text
  --username NAME     what CONNECT says, where the broker wants it
  --password TEXT
  --strict            also fails a broker or client that does not do what is only recommended
  --divergences FILE  known differences, with --as NAME for whose
  --json              results as JSON
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    version: { type: "string" },
    chapter: { type: "string" },
    case: { type: "string" },
    username: { type: "string" },
    password: { type: "string" },
    strict: { type: "boolean" },
    divergences: { type: "string" },
    as: { type: "string" },
    json: { type: "boolean" },
  },
});
const [role, url, ...more] = positionals;
const client = url === undefined ? undefined : process.argv.includes("--") ? { program: [url, ...more] } : { module: url };

// Each half is loaded when it is asked for: judging a broker needs nothing of the product.
if (role === "broker" && url !== undefined) {
  const { runBrokerCommand } = await import("./broker/broker-command.ts");
  process.exitCode = await runBrokerCommand(url, values, (line) => process.stdout.write(`${line}\n`));
} else if (role === "client" && client !== undefined) {
  const { runClientCommand } = await import("./client/client-command.ts");
  process.exitCode = await runClientCommand(client, values, (line) => process.stdout.write(`${line}\n`));
} else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}
