/** What the pool says to a process that runs the handler. */
export type ToChild =
  | { readonly kind: "call"; readonly id: number; readonly event: string; readonly leftMs: number }
  | { readonly kind: "beat" };

/** What the process says. */
export type FromChild =
  | { readonly kind: "ready" }
  | { readonly kind: "unloadable"; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly json: string | undefined }
  | { readonly kind: "threw"; readonly id: number; readonly message: string }
  | { readonly kind: "beat" };

/** What the process is told at its start, as its one argument in JSON. */
export interface ChildSetting {
  /** `file:` URL of the module. */
  readonly module: string;
  /** Name of the export. */
  readonly handler: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** The process that calls; without it the handler is of no use. */
  readonly caller: number;
}
