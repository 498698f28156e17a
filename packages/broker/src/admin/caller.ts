import type { KeyAccess } from "./api-keys.ts";

/** Who asks the admin API: the operator, who may ask everything, or the administrator of one tenant. */
export type Caller = OperatorCaller | TenantCaller;

export interface OperatorCaller {
  readonly role: "operator";
  /** How it is known: whoever may open the socket, the operator key, a signed-in browser, or the AppID of a key. */
  readonly by: string;
  readonly access: KeyAccess;
  /** Of the browser that asks, where it is one. */
  readonly signIn?: string;
}

export interface TenantCaller {
  readonly role: "tenant";
  readonly tenant: string;
  /** AppID of its key, or how its browser was signed in. */
  readonly by: string;
  readonly access: KeyAccess;
  readonly signIn?: string;
}

/** Whoever can open the admin socket. */
export const SOCKET: OperatorCaller = { role: "operator", by: "socket", access: "full" };
