import type { Hono } from "hono";

/** Where a browser gets the local authority's certificate, to be trusted by hand: what it is needed for is to come here without a warning. */
const CA_PATH = "/ca.crt";

/** The certificate is no secret, and whoever wants it is not signed in yet. `certificate` is PEM, undefined where no local authority is in use. */
export function addCaRoute(app: Hono, certificate: () => string | undefined): void {
  app.get(CA_PATH, (c) => {
    const pem = certificate();
    if (pem === undefined) return c.text("This broker shows a certificate of its own, and no local authority is in use.\n", 404);
    return c.body(`${pem.trim()}\n`, 200, {
      // What systems open their dialogue for certificates with; the name's ending does it where a file is opened later.
      "content-type": "application/x-x509-ca-cert",
      "content-disposition": 'attachment; filename="bowline-ca.crt"',
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
  });
}
