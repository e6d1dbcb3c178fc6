import { local, PlatformError } from "slither-ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { createEnvironment } from "../../src/environment/create.js";
import { requirePlatform } from "../../src/environment/platform.js";

test.each([
  ["local()", () => local()],
  ["slither setup", () => createEnvironment({ requirements: [] })],
])("on Windows %s says what it needs, and where that can be had", async (_, start) => {
  const platform = vi.spyOn(process, "platform", "get").mockReturnValue("win32");
  onTestFinished(() => platform.mockRestore());
  const error = await start().then(
    () => expect.fail("it went on"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PlatformError);
  expect(error).toMatchObject({
    code: "SLITHER_PLATFORM",
    platform: "win32",
    message:
      "expected Linux or macOS, got win32; on Windows, run Node in WSL 2 or in a container, or test with inline(), which needs no Python",
  });
});

test.each(["linux", "darwin"] as const)("%s will do", (platform) => {
  expect(() => requirePlatform(platform)).not.toThrow();
});
