import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { allPages, type Page, ROOT, withoutCode } from "./pages.js";
import { sources } from "./sources.js";

const pages = allPages();

describe("links between pages lead somewhere", () => {
  test.each(pages.map((page) => ({ path: page.path, page })))("$path", ({ page }) => {
    const broken = linksOf(page).filter((link) => problemWith(link, page) !== undefined);
    expect(broken).toEqual([]);
  });
});

test("pages that comments in src/ name exist", () => {
  const named = [...sources.values()].flatMap((text) => [
    ...text.matchAll(/\b(?:docs|protocol)\/[\w/-]+\.md\b/g),
  ]);
  expect(named.map(([path]) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("every page is linked from another", () => {
  const linked = new Set(pages.flatMap((page) => linksOf(page).map((link) => targetOf(link, page))));
  expect(pages.map(({ path }) => path).filter((path) => path !== "README.md" && !linked.has(path))).toEqual(
    [],
  );
});

function linksOf(page: Page): string[] {
  return [...withoutCode(page.text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
}

function problemWith(link: string, page: Page): string | undefined {
  if (/^https?:/.test(link)) return undefined;
  const target = targetOf(link, page);
  const anchor = link.split("#")[1];
  if (!existsSync(join(ROOT, target))) return "no such file";
  if (anchor === undefined) return undefined;
  return anchorsOf(readFileSync(join(ROOT, target), "utf8")).includes(anchor) ? undefined : "no such heading";
}

/** The file that a relative link means, relative to the root. */
function targetOf(link: string, page: Page): string {
  const file = link.split("#")[0] as string;
  return file === "" ? page.path : normalize(join(dirname(page.path), file));
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
