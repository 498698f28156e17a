import { expect, test } from "vitest";
import { loadConfig } from "./load-config.ts";

const acme: { names: string[]; agreeToTerms: true } = { names: ["mqtt.example.com"], agreeToTerms: true };

test("names and the agreement are all that a certificate of Let's Encrypt needs", async () => {
  const { tls } = await loadConfig({ overrides: { tls: { acme } } });
  expect(tls.acme).toEqual({ ...acme, directory: "https://acme-v02.api.letsencrypt.org/directory", listen: "http://*:80" });
});

test.each([
  [{ ...acme, names: ["*.example.com"] }, /tls\.acme\.names.*neither wildcards nor addresses/],
  [{ ...acme, names: [] }, /tls\.acme\.names.*at least one name/],
  [{ ...acme, agreeToTerms: false }, /tls\.acme\.agreeToTerms" must be/],
  [{ ...acme, directory: "http://ca.example.com/dir" }, /tls\.acme\.directory.*https:/],
  [{ ...acme, listen: "https://*:443" }, /tls\.acme\.listen "https:\/\/\*:443": write it as http:\/\/\*:80/],
])("%j is refused by name", async (wrong, message) => {
  await expect(loadConfig({ overrides: { tls: { acme: wrong as unknown as typeof acme } } })).rejects.toThrow(message);
});

test("the key of an external account is a secret that lies elsewhere, and must be one", async () => {
  process.env["EAB_OF_A_TEST"] = "not base64url!";
  const externalAccount = { id: "one", key: { env: "EAB_OF_A_TEST" } };
  await expect(loadConfig({ overrides: { tls: { acme: { ...acme, externalAccount } } } })).rejects.toThrow(
    /tls\.acme\.externalAccount\.key must hold .* in base64url/,
  );
  process.env["EAB_OF_A_TEST"] = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV";
  expect((await loadConfig({ overrides: { tls: { acme: { ...acme, externalAccount } } } })).tls.acme?.externalAccount).toEqual(
    externalAccount,
  );
  delete process.env["EAB_OF_A_TEST"];
});

test("a certificate comes by ACME or from files, not both", async () => {
  const tls = { acme, certificate: "cert.pem", key: "key.pem" };
  await expect(loadConfig({ overrides: { tls } })).rejects.toThrow(/needs either acme, or certificate and key/);
});
