import { AsyncLocalStorage } from "node:async_hooks";
import { Agent } from "node:https";
import { MqttError } from "@bowline/protocol";
import type * as AcmeClient from "acme-client";
import { z } from "zod";

export interface AcmeTransport {
  /** PEM of the authorities that vouch for the server. Default: those that Node brings. */
  readonly trust?: string | undefined;
  /** Ends every request, and refuses further ones. */
  readonly signal: AbortSignal;
}

const ANSWER_BYTES_MAX = 1_048_576;
const ANSWER_MS_MAX = 30_000;

/** acme-client sends everything through one axios for the whole process; this tells it of which order a request is. */
const underWay = new AsyncLocalStorage<{ readonly agent: Agent; readonly signal: AbortSignal }>();
let orders = 0;
let loading: Promise<typeof AcmeClient> | undefined;

/** Runs one order. acme-client is loaded by the first: it takes some MB, which nobody pays who has certificates of his own. */
export async function withAcmeClient<T>(
  { trust, signal }: AcmeTransport,
  order: (acme: typeof AcmeClient) => Promise<T>,
): Promise<T> {
  const acme = await (loading ??= loadAcmeClient());
  const agent = new Agent({ keepAlive: true, ...(trust === undefined ? {} : { ca: trust }) });
  orders++;
  try {
    return await underWay.run({ agent, signal }, () => order(acme));
  } finally {
    agent.destroy();
    // Up to Node 22 each promise of the process costs more while this is in use.
    if (--orders === 0) underWay.disable();
  }
}

async function loadAcmeClient(): Promise<typeof AcmeClient> {
  const acme = await import("acme-client");
  const { request, response } = acme.axios.interceptors;
  // Those of acme-client try again after pauses that no signal ends, and lose what the network said.
  request.clear();
  response.clear();
  request.use((config) => {
    const order = underWay.getStore();
    if (order === undefined) return config;
    order.signal.throwIfAborted();
    if (!config.url?.startsWith("https://")) throw failed(`${config.url} is no https:// address`);
    const limits = { timeout: ANSWER_MS_MAX, maxContentLength: ANSWER_BYTES_MAX, maxRedirects: 0 };
    return Object.assign(config, limits, { httpsAgent: order.agent, signal: order.signal, proxy: false });
  });
  response.use(
    (answer) => {
      const problem = answer.status < 400 ? undefined : problemOf(answer.data);
      if (problem === undefined || problem.type === "urn:ietf:params:acme:error:badNonce") return answer;
      throw failed(`the authority answered ${answer.status} ${problem.type.split(":").at(-1)}: ${problem.detail}`);
    },
    (error: Error) => {
      underWay.getStore()?.signal.throwIfAborted();
      // Without the cause, which holds the whole request.
      throw MqttError.is(error) ? error : failed(error.message);
    },
  );
  return acme;
}

const problemSchema = z.object({ type: z.string().catch("about:blank"), detail: z.string().catch("") });

function problemOf(data: unknown): z.infer<typeof problemSchema> {
  return problemSchema.catch({ type: "about:blank", detail: "" }).parse(data);
}

function failed(detail: string): MqttError {
  return new MqttError("ACME_FAILED", { detail });
}
