import type { CommandList } from "./command.ts";

/** Every command: what it is for, and how it is loaded. */
export const COMMANDS: CommandList = {
  up: { summary: "start a broker", load: async () => (await import("./commands/up.ts")).up },
  pub: { summary: "publish messages", load: async () => (await import("./commands/pub.ts")).pub },
  sub: { summary: "subscribe and print messages", load: async () => (await import("./commands/sub.ts")).sub },
  rpc: {
    summary: "send a request and print the answer, or answer requests",
    load: async () => (await import("./commands/rpc.ts")).rpc,
  },
  profile: {
    summary: "save a broker, a login and options under a name",
    load: async () => (await import("./commands/profile.ts")).profile,
  },
  bench: { summary: "measure a broker", load: async () => (await import("./commands/bench.ts")).bench },
  simulate: { summary: "run devices as a scenario says", load: async () => (await import("./commands/simulate.ts")).simulate },
  conn: { summary: "connect and stay", load: async () => (await import("./commands/conn.ts")).conn },
  doctor: { summary: "say why a connection fails", load: async () => (await import("./commands/doctor.ts")).doctor },
  user: { summary: "add, list and remove users of the broker", load: async () => (await import("./commands/user.ts")).user },
  tenant: { summary: "make, list, pause and delete tenants", load: async () => (await import("./commands/tenant.ts")).tenant },
  plan: { summary: "say what tenants may have", load: async () => (await import("./commands/plan.ts")).plan },
  key: {
    summary: "make, list, rotate and remove keys to the admin API",
    load: async () => (await import("./commands/key.ts")).key,
  },
  acl: { summary: "say what clients may publish and subscribe to", load: async () => (await import("./commands/acl.ts")).acl },
  backup: {
    summary: "copy the store to a file, restore it, or salvage a damaged one",
    load: async () => (await import("./commands/backup.ts")).backup,
  },
  config: {
    summary: "check a configuration file, or reload the broker's",
    load: async () => (await import("./commands/config.ts")).config,
  },
  drain: {
    summary: "send the broker's clients away before it ends",
    load: async () => (await import("./commands/drain.ts")).drain,
  },
  trace: {
    summary: "show the packets that pass at the broker",
    load: async () => (await import("./commands/trace.ts")).trace,
  },
  realtime: {
    summary: "try out a custom authorizer",
    load: async () => (await import("./commands/realtime.ts")).realtime,
  },
  console: {
    summary: "make a link that signs a browser in",
    load: async () => (await import("./commands/console.ts")).consoleLink,
  },
  trust: {
    summary: "make this machine trust the local certificate authority",
    load: async () => (await import("./commands/trust.ts")).trust,
  },
  completion: {
    summary: "let the shell complete commands and options",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
  explain: {
    summary: "say what an error code means and what to do",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
};
