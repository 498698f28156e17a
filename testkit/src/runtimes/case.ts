/*
 * What the client and the drop-in must do wherever they run. The cases are plain functions that import nothing at run time, so
 * that the same file is loaded by Node, Deno, Bun, pages, workers and whatever a bundler makes of it.
 */

/** Where the cases connect, and with what. */
export interface CaseSetting {
  /** Goes through a relay that `cutTopic` cuts. */
  readonly url: string;
  /** Goes straight to the broker. */
  readonly directUrl: string;
  /** Of the same scheme, where nobody listens. */
  readonly closedUrl: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** The authority to trust, where the program can say so; a browser trusts by its own store. */
  readonly ca?: string;
  /** Where a client may keep its session; absent where there are no files, and IndexedDB takes their place. */
  readonly storeFolder?: string;
  /** A message to it cuts every connection through the relay. */
  readonly cutTopic: string;
  /** Of topics and Client Identifiers, so that runs do not meet. */
  readonly prefix: string;
}

export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

export interface CaseResult {
  readonly name: string;
  readonly ms: number;
  /** Why it failed; absent when it passed. */
  readonly error?: string;
}

const CASE_LIMIT_MS = 15_000;

/** Runs one case after the other; none throws out of here. */
export async function runCases(cases: readonly Case[]): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of cases) {
    const started = Date.now();
    const error = await within(one.run(), one.name).then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? `${reason.message}\n${reason.stack ?? ""}` : String(reason)),
    );
    results.push({ name: one.name, ms: Date.now() - started, ...(error === undefined ? {} : { error }) });
  }
  return results;
}

async function within(work: Promise<void>, name: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`"${name}" did not end within ${CASE_LIMIT_MS} ms`)), CASE_LIMIT_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Compares by JSON, which is all that the cases need and every host has. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: ${is?.slice(0, 500)} and not ${should?.slice(0, 500)}`);
}

/** Payloads that a transport could spoil: none, text beyond ASCII, every byte, and more than one read or frame holds. */
export function payloads(): Uint8Array[] {
  const large = new Uint8Array(200_000);
  for (let i = 0; i < large.length; i++) large[i] = (i * 31) & 0xff;
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  return [new Uint8Array(0), new TextEncoder().encode("Knoten ⚓ 結び目"), bytes, large];
}

/** Length and a sum that depends on the order: enough to tell payloads apart without printing them. */
export function digest(bytes: Uint8Array): string {
  let sum = 7;
  for (const byte of bytes) sum = (sum * 31 + byte) % 1_000_003;
  return `${bytes.length}:${sum}`;
}
