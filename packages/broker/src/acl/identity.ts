/** Whose right is asked for: a Session has it. */
export interface Identity {
  readonly tenant: string;
  /** Who the authenticator says it is; empty for anonymous clients. */
  readonly owner: string;
  readonly clientIdentifier: string;
}
