import type { ClientDriver, ClientUnderTest } from "./client-driver.ts";
import { type Answer, eachLine, fromLine, type Request, toLine } from "./driver-lines.ts";

/**
 * Makes a program of a driver: reads requests from one stream and writes answers to another, until the first ends. A client in
 * another language does the same in its own words.
 */
export function serveDriver(driver: ClientDriver, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): void {
  const { name, versions, capabilities, minimumKeepAlive, subscribesAtStart } = driver;
  let client: ClientUnderTest | undefined;
  const write = (answer: Answer): void => void output.write(toLine(answer));
  const perform = async (request: Request): Promise<readonly number[] | undefined> => {
    if (request.do === "connect") {
      client = driver.start(request.url, request.settings, { message: (message) => write({ message }) });
      return undefined;
    }
    if (client === undefined) throw new Error("not connected");
    return await ask(client, request);
  };
  eachLine(input, (line) => {
    const request = fromLine<Request>(line);
    perform(request).then(
      (granted) => write({ id: request.id, ...(granted && { granted }) }),
      (error: unknown) => write({ id: request.id, error: String(error) }),
    );
  });
  write({
    hello: {
      name,
      versions,
      capabilities: [...capabilities],
      ...(minimumKeepAlive !== undefined && { minimumKeepAlive }),
      ...(subscribesAtStart !== undefined && { subscribesAtStart }),
    },
  });
}

async function ask(client: ClientUnderTest, request: Exclude<Request, { do: "connect" }>): Promise<readonly number[] | undefined> {
  switch (request.do) {
    case "publish":
      await client.publish(request.message);
      return undefined;
    case "subscribe":
      return await client.subscribe(request.subscription);
    case "unsubscribe":
      await client.unsubscribe(request.topicFilters);
      return undefined;
    case "reauthenticate":
      await client.reauthenticate?.();
      return undefined;
    case "disconnect":
      await client.disconnect();
      return undefined;
    case "kill":
      await client.kill();
      return undefined;
  }
}
