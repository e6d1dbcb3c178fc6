import { SlitherError } from "./slither-error.js";

/** Sessions cannot be had on this operating system. */
export class PlatformError extends SlitherError {
  readonly code = "SLITHER_PLATFORM";
  /** As Node names it, for example `win32`. */
  readonly platform: string;

  constructor(platform: string) {
    super(
      `expected Linux or macOS, got ${platform}; on Windows, run Node in WSL 2 or in a container, or test with inline(), which needs no Python`,
    );
    this.platform = platform;
  }
}
