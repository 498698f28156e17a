import { type ErrorFacts, errorFactsOf, type PageFacts, type WebSocketFacts } from "@bowline/protocol/internal";

/** What became of a WebSocket: a page is told no more. */
export interface Opening {
  readonly outcome: "open" | "refused" | "thrown" | "late";
  readonly ms: number;
  /** Present when it is open; whoever has it must close it. */
  readonly socket?: WebSocket;
  readonly ws: WebSocketFacts;
  readonly errors?: readonly ErrorFacts[];
  readonly cspViolation?: PageFacts["cspViolation"];
}

// Chromium sends no close event when a content security policy forbids the address; everywhere else it follows at once.
const closeAfterErrorMs = 100;

/** Opens a WebSocket, or says how it failed. One that is late is closed. */
export function openWebSocket(url: string, subprotocols: readonly string[], ms: number): Promise<Opening> {
  const startedAt = performance.now();
  const controller = new AbortController();
  const { signal } = controller;
  let cspViolation: PageFacts["cspViolation"];
  const page = globalThis.document as Document | undefined;
  page?.addEventListener(
    "securitypolicyviolation",
    ({ blockedURI, effectiveDirective: directive }) => {
      if (blockedURI.startsWith("ws")) cspViolation = { directive, blockedUri: blockedURI };
    },
    { signal },
  );
  return new Promise((resolve) => {
    const told = (opening: Omit<Opening, "ms" | "cspViolation">): void => {
      controller.abort();
      const violation = cspViolation === undefined ? {} : { cspViolation };
      resolve({ ...opening, ms: performance.now() - startedAt, ...violation });
    };
    const ws: WebSocketFacts = { everOpened: false, offered: subprotocols };
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, [...subprotocols]);
    } catch (error) {
      // Firefox throws for an address that the page's policy forbids, and says which directive it was in a task of its own.
      setTimeout(() => told({ outcome: "thrown", ws, errors: errorFactsOf(error) }), 0);
      return;
    }
    const timer = setTimeout(() => {
      socket.close();
      told({ outcome: "late", ws });
    }, ms);
    const on = (name: string, act: (event: Event) => void): void => socket.addEventListener(name, act, { signal });
    on("open", () => told({ outcome: "open", socket, ws: { ...ws, everOpened: true, chosen: socket.protocol } }));
    on("close", (event) => {
      const { code: closeCode, reason: closeReason, wasClean } = event as CloseEvent;
      told({ outcome: "refused", ws: { ...ws, closeCode, closeReason, wasClean } });
    });
    on("error", () => setTimeout(() => !signal.aborted && told({ outcome: "refused", ws }), closeAfterErrorMs));
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Whether a WebSocket opens there with these subprotocols; it is closed at once. */
export async function opens(url: string, subprotocols: readonly string[], ms: number): Promise<boolean> {
  const { outcome, socket } = await openWebSocket(url, subprotocols, ms);
  socket?.close();
  return outcome === "open";
}
