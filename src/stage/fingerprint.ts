import { createHash } from "node:crypto";
import { packable, packBody } from "../wire/encode.js";

/** The same for payloads that Python would be given alike; undefined for what it cannot be given. */
export function fingerprintOf(payload: unknown, session: string): string | undefined {
  try {
    const body = packBody(packable(payload, session, "payload"), "payload");
    return createHash("sha256").update(body).digest("base64");
  } catch {
    return undefined;
  }
}
