import { PlatformError } from "../errors/platform.js";

/** Where workers talk over Unix sockets, and processes come in groups. @throws PlatformError elsewhere. */
export function requirePlatform(platform: NodeJS.Platform = process.platform): void {
  if (platform === "win32") throw new PlatformError(platform);
}
