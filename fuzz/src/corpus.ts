import { encodeToBytes, type ProtocolVersion } from "@bowline/protocol";

/** What must come of a row's bytes: the connection ends with this Reason Code, or nothing happens to it. */
export type Outcome = { readonly endsWith: number } | "stays open" | "waits";

/** Bytes of one row. `after` is what was sent before: nothing, or an ordinary CONNECT (CONNACK towards a client). */
export interface CorpusInput {
  readonly what: string;
  readonly after: "nothing" | "connect";
  readonly version: ProtocolVersion;
  readonly bytes: Uint8Array;
  readonly outcome: Outcome;
}

/** One case of the security history of MQTT programs: the bytes that broke them, or why it is none of bytes. */
export interface CorpusRow {
  readonly row: number;
  readonly name: string;
  readonly role: "server" | "client";
  readonly inputs: readonly CorpusInput[];
  /** Why there are no bytes: what the case was about instead. */
  readonly notBytes?: string;
}

const malformed: Outcome = { endsWith: 0x81 };
const protocolError: Outcome = { endsWith: 0x82 };
const badTopic: Outcome = { endsWith: 0x90 };

/** A packet of a first byte and a body, with its Remaining Length. */
function packet(first: number, ...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? text(part) : Uint8Array.from(part))));
  return Buffer.concat([Uint8Array.of(first), length(body.length), body]);
}

/** A UTF-8 Encoded String: two bytes of length first. */
function text(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function length(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value.replaceAll(" ", ""), "hex"));

function connect(clientIdentifier: string, properties = {}, will?: Partial<Will>): Uint8Array {
  return encodeToBytes(
    {
      type: 1,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientIdentifier,
      properties,
      ...(will === undefined
        ? {}
        : { will: { topicName: "w", payload: new Uint8Array(1), qos: 0 as const, retain: false, ...will } }),
    },
    5,
  );
}

interface Will {
  topicName: string;
  properties: object;
}

function input(what: string, bytes: Uint8Array, outcome: Outcome, after: CorpusInput["after"] = "connect"): CorpusInput {
  return { what, after, version: 5, bytes, outcome };
}

function subscribe(filter: string, outcome: Outcome = "stays open"): CorpusInput {
  return input(`SUBSCRIBE ${filter.slice(0, 20)}`, packet(0x82, [0, 1, 0], filter, [1]), outcome);
}

function publish(topic: string, outcome: Outcome = "stays open"): CorpusInput {
  return input(`PUBLISH ${topic.slice(0, 20)}`, packet(0x30, topic, [0, 1]), outcome);
}

const first = (what: string, bytes: Uint8Array, outcome: Outcome): CorpusInput => input(what, bytes, outcome, "nothing");
const slashes = "/".repeat(65_500);
const userProperty = Buffer.concat([Uint8Array.of(0x26), text("k"), text("v")]);
const manyProperties = Buffer.concat(Array.from({ length: 200 }, () => userProperty));
const connectHead = hex("0004 4d515454 05 02 0000");

/**
 * Every case, in the order of the years. The sources are public records: CVE numbers and the issues of the products' repositories.
 * A refusal that needs access control is not to be seen in bytes; the broker's tests have those.
 */
export const corpus: readonly CorpusRow[] = [
  server(1, "CVE-2017-7650", ...["#", "+", "a/b", "a/#"].map((id) => first(`client identifier ${id}`, connect(id), "stays open"))),
  none(2, "nanomq #2344", "placeholders of access rules"),
  server(3, "CVE-2017-7651", first("CONNECT that declares 256 MB", hex("10 ffffff7f 0004"), { endsWith: 0x95 })),
  server(4, "CVE-2023-0809", first("PUBLISH of 244 MB before CONNECT", hex("30 80 80 80 74 00 00"), protocolError)),
  none(5, "CVE-2017-7652, CVE-2017-7654", "file descriptors while a configuration is read again"),
  server(
    6,
    "CVE-2017-7653",
    input("a topic of C0 80", packet(0x30, [0, 2, 0xc0, 0x80], [0]), malformed),
    input("a topic of ED A0 80", packet(0x30, [0, 3, 0xed, 0xa0, 0x80], [0]), malformed),
  ),
  none(7, "CVE-2017-9868", "permissions of files"),
  server(8, "CVE-2018-12543", publish("$"), publish("$a"), publish("$share")),
  none(9, "CVE-2018-12546", "retained messages of a publisher whose right is gone"),
  none(10, "CVE-2018-12550, CVE-2018-12551", "files that configure access"),
  server(
    11,
    "CVE-2019-11778",
    first(
      "will delay 60, expiry 1",
      connect("c", { sessionExpiryInterval: 1 }, { properties: { willDelayInterval: 60 } }),
      "stays open",
    ),
    first(
      "both without end",
      connect("c", { sessionExpiryInterval: 0xffff_ffff }, { properties: { willDelayInterval: 0xffff_ffff } }),
      "stays open",
    ),
  ),
  server(
    12,
    "CVE-2019-11779",
    { ...subscribe(slashes), outcome: { endsWith: 0x95 } },
    { ...publish(slashes), outcome: { endsWith: 0x95 } },
    subscribe("/".repeat(900)),
    publish("/".repeat(900)),
    input("UNSUBSCRIBE ////...", packet(0xa2, [0, 1, 0], "/".repeat(900)), "stays open"),
  ),
  server(
    13,
    "aedes maxTopicLevels",
    publish("a/".repeat(200)),
    first("a will of 200 levels", connect("c", {}, { topicName: "a/".repeat(200) }), "stays open"),
  ),
  server(
    14,
    "CVE-2021-28166",
    input("CONNACK from a client", hex("29 02 00 01"), protocolError),
    input("CONNACK in its right form", hex("20 03 00 00 00"), protocolError),
    input("SUBACK", hex("90 04 00 01 00 00"), protocolError),
    input("UNSUBACK", hex("b0 04 00 01 00 00"), protocolError),
    input("PINGRESP", hex("d0 00"), protocolError),
  ),
  server(
    15,
    "CVE-2021-34431",
    first("CONNECT cut inside its properties", packet(0x10, connectHead, [0x20, 0x26, 0, 1]), malformed),
    first("a reserved flag", packet(0x10, hex("0004 4d515454 05 03 0000"), [0], "c"), malformed),
    first("a will flag without a will", packet(0x10, hex("0004 4d515454 05 06 0000"), [0], "c"), malformed),
  ),
  server(16, "CVE-2021-34432", input("no topic and no alias on 5.0", packet(0x30, "", [0]), protocolError), {
    ...input("no topic on 3.1.1", packet(0x30, ""), malformed),
    version: 4,
  }),
  none(17, "CVE-2021-34434", "a right that is taken back"),
  server(
    18,
    "CVE-2021-41039",
    first("200 User Properties", packet(0x10, connectHead, length(manyProperties.length), manyProperties, "c"), "stays open"),
  ),
  server(
    19,
    "CVE-2023-28366",
    input(
      "QoS 2 without end, one identifier",
      repeat(50, () => packet(0x34, "t", [0, 1, 0])),
      "stays open",
    ),
    input(
      "QoS 2 without end, new identifiers",
      repeat(50, (i) => packet(0x34, "t", [0, i + 1, 0])),
      { endsWith: 0x93 },
    ),
  ),
  server(
    20,
    "CVE-2023-3592",
    first(
      "a will with a Session Expiry Interval",
      packet(0x10, hex("0004 4d515454 05 06 0000 00"), "c", hex("05 11 00000001"), "w", [0, 0]),
      malformed,
    ),
    first(
      "a will with a Topic Alias",
      packet(0x10, hex("0004 4d515454 05 06 0000 00"), "c", hex("03 23 0001"), "w", [0, 0]),
      malformed,
    ),
  ),
  server(
    21,
    "CVE-2024-8376, CVE-2024-10525",
    subscribe("$share/g/t"),
    input("UNSUBSCRIBE t", packet(0xa2, [0, 1, 0], "t"), "stays open"),
    input("SUBSCRIBE without a filter", packet(0x82, [0, 1, 0]), protocolError),
    input("UNSUBSCRIBE without a filter", packet(0xa2, [0, 1, 0]), protocolError),
  ),
  server(22, "CVE-2020-13849", first("Keep Alive 65,535", packet(0x10, hex("0004 4d515454 05 02 ffff 00"), "c"), "stays open")),
  server(
    23,
    "CVE-2021-33175, CVE-2021-33176, CVE-2021-22116",
    first("a client identifier that declares 65,535 bytes", packet(0x10, connectHead, [0], [0xff, 0xff, 0x61]), malformed),
    first("properties that declare 268,435,455 bytes", packet(0x10, connectHead, hex("ffffff7f"), "c"), malformed),
  ),
  none(24, "CVE-2026-6564, CVE-2026-8741", "what a crash leaves; the storage suite and the simulator crash at each commit"),
  none(25, "CVE-2025-52136", "uploads to a console"),
  none(26, "emqx #10192", "access rules for wills"),
  none(27, "CVE-2025-59946, CVE-2026-22040, CVE-2026-32134", "takeovers while subscribing; the simulator has them"),
  server(
    28,
    "CVE-2025-68699",
    ...["$share", "$share/", "$share/ab", "$share//t", "$share/a+b/t"].map((filter) => subscribe(filter)),
  ),
  server(
    29,
    "CVE-2026-21888",
    first("a Remaining Length of five bytes", hex("10 80 80 80 80 01"), malformed),
    input("a property length of five bytes", packet(0x30, "t", hex("80 80 80 80 01")), malformed),
  ),
  server(
    30,
    "CVE-2026-25627",
    input("4,096 declared, 3 there", hex("30 80 20 00 01 74"), { endsWith: 0x95 }),
    input("400 declared, 3 there", hex("30 90 03 00 01 74"), "waits"),
  ),
  server(
    31,
    "nanomq #2270 and others",
    input("QoS 1 that ends after its topic", packet(0x32, "t"), malformed),
    input("SUBSCRIBE that ends after its identifier", packet(0x82, [0, 1]), malformed),
    input("PUBREL of one byte", packet(0x62, [0]), malformed),
  ),
  none(32, "CVE-2024-42644, CVE-2024-42645", "settings of 0"),
  server(
    33,
    "CVE-2016-10523",
    first("a packet in a packet", hex("101000044d5154540502003c0321001400006202d301e0020020"), malformed),
  ),
  server(
    34,
    "CVE-2017-10910",
    input(
      "300 PUBLISH in one chunk",
      repeat(300, () => packet(0x30, "t", [0])),
      "stays open",
    ),
  ),
  none(35, "NSWG 457", "access rules for wills"),
  server(
    36,
    "CVE-2020-13410",
    first(
      "a will with wildcards in its topic",
      packet(0x10, hex("0004 4d515454 05 06 0000 00"), "c", [0], "w/#", [0, 0]),
      badTopic,
    ),
  ),
  server(37, "CVE-2024-48080", subscribe("#/#"), subscribe("a/#/#"), subscribe("##")),
  none(38, "CVE-2026-33215", "a session that belongs to another user"),
  none(39, "mosquitto #3551, #3553", "a session that belongs to another user"),
  none(40, "mosquitto #3702", "what a crash leaves"),
  server(41, "CVE-2020-13821", first("a client identifier with markup", connect("<script>alert(1)</script>"), "stays open")),
  {
    row: 42,
    name: "paho.c #985, nanomq #2145",
    role: "client",
    inputs: [
      first("CONNACK with properties beyond its end", hex("20 04 00 00 7f 21"), malformed),
      first("CONNACK with a property length of five bytes", hex("20 07 00 00 80 80 80 80 01"), malformed),
      first("CONNACK with an unknown property", hex("20 05 00 00 02 7a 00"), malformed),
      input("PUBLISH cut inside its properties", packet(0x30, "t", [0x7f, 0x26]), malformed),
    ],
  },
];

/** All bytes of all rows, for the generators. */
export const corpusBytes: readonly Uint8Array[] = corpus.flatMap(({ inputs }) => inputs.map(({ bytes }) => bytes));

function server(row: number, name: string, ...inputs: readonly CorpusInput[]): CorpusRow {
  return { row, name, role: "server", inputs };
}

function none(row: number, name: string, notBytes: string): CorpusRow {
  return { row, name, role: "server", inputs: [], notBytes };
}

function repeat(count: number, make: (index: number) => Uint8Array): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}
