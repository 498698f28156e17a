import { X509Certificate } from "node:crypto";
import type { AuthRequest } from "../authenticator.ts";
import { commonNameOf } from "../certificate-method.ts";
import { type PlaceholderValue, TemplateFields } from "./template-fields.ts";

const VALUES: ReadonlyMap<string, PlaceholderValue<AuthRequest>> = new Map<string, PlaceholderValue<AuthRequest>>([
  ["clientid", ({ clientIdentifier }) => clientIdentifier],
  ["username", ({ username }) => username],
  ["password", ({ password }) => (password === undefined ? undefined : Buffer.from(password).toString("utf8"))],
  ["tenant", ({ tenant }) => tenant],
  ["peerhost", ({ remoteAddress }) => remoteAddress],
  ["cert_common_name", (request) => request.peerCommonName ?? nameOf(certificateOf(request))],
  ["cert_subject", (request) => certificateOf(request)?.subject.replaceAll("\n", ",")],
  ["cert_pem", (request) => certificateOf(request)?.toString()],
]);

/** What a login is asked about with. */
export const loginFields: TemplateFields<AuthRequest> = new TemplateFields((name) => VALUES.get(name));

function nameOf(certificate: X509Certificate | undefined): string | undefined {
  return certificate === undefined ? undefined : commonNameOf(certificate);
}

function certificateOf({ peerCertificate }: AuthRequest): X509Certificate | undefined {
  return peerCertificate === undefined ? undefined : new X509Certificate(peerCertificate);
}
