import { LocalBroker } from "../proxy/local-broker.ts";

/** The user that examples log in as. */
export const USER = { username: "ann", password: "correct-horse-battery-staple" };

/** A real broker that knows the user of the examples. */
export async function startExampleBroker(): Promise<LocalBroker> {
  const broker = await LocalBroker.start();
  await broker.server.users.add("default", USER.username, USER.password);
  return broker;
}

/** By an address made at run time, since an example is no part of any package. */
export async function importExample<Exports>(name: string): Promise<Exports> {
  return (await import(/* @vite-ignore */ new URL(`../../../examples/${name}`, import.meta.url).pathname)) as Exports;
}
