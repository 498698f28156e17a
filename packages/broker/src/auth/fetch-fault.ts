/** Why nothing was fetched, for the log: what fetch says is wrapped, and never holds the body that was sent. */
export function fetchFault(cause: unknown): string {
  const error = cause as Error & { cause?: Error & { code?: string } };
  return error.cause?.code ?? error.cause?.message ?? error.message;
}
