/**
 * The `exp`, in milliseconds since 1970, of a text that looks like a JSON web token; undefined for any other. Nothing else of it is
 * looked at, and nothing is verified: that is the server's part.
 */
export function tokenExpiry(text: string): number | undefined {
  const body = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text)?.[1];
  if (body === undefined) return undefined;
  try {
    const claims = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: unknown };
    return typeof claims.exp === "number" ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
