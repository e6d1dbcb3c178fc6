import { expect, test } from "vitest";
import { svgOf } from "../../bench/pages/bars.js";
import { picture } from "../../bench/pages/picture.js";
import { ratio, results } from "./results.js";

const bar = { label: "label", value: 1, says: "1 /s", ours: true };
const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => Number(width));

test("bars are as long as their values, beside the longest of their group", () => {
  const group = { title: "group", bars: [bar, { ...bar, value: 2 }] };
  const [half = 0, whole = 0] = widths(svgOf([group, { title: "other", bars: [{ ...bar, value: 1_000 }] }]));
  expect(half).toBe(whole / 2);
});

test("text of a bar cannot become part of the picture's markup", () => {
  const svg = svgOf([{ title: "a & b", bars: [{ ...bar, label: "<script>" }] }]);
  expect(svg).toContain("a &amp; b");
  expect(svg).not.toContain("<script>");
});

test("the colours follow the reader's light or dark", () => {
  expect(svgOf([])).toContain("@media (prefers-color-scheme: dark)");
});

test("the picture has a call beside the raw echo", () => {
  const call = { name: "session.call, on one core", figures: { p50: 40 }, ratio: ratio(2, 0, "lower") };
  const svg = picture(results({ call: [{ name: "raw echo, on one core", figures: { p50: 20 } }, call] }));
  const kinds = [...svg.matchAll(/<rect class="(\w+)"/g)].map(([, kind]) => kind);
  const [echo = 0, ours = 0] = widths(svg);
  expect({ kinds, echo }).toEqual({ kinds: ["other", "ours"], echo: ours / 2 });
});

test("the picture has this library once beside all peers of an event, and its share of the limit", () => {
  const peer = (name: string) => ({
    name: `a call, on one core, ${name}`,
    figures: { "slither-ts": 50, peer: 100 },
    ratio: ratio(0.5, 0, "lower"),
  });
  const svg = picture(
    results({
      scoring: [{ name: "1 session", figures: {}, ratio: ratio(0.25) }],
      peers: [peer("FastAPI"), peer("pythonia")],
    }),
  );
  const labels = [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, label]) => label);
  expect(labels).toEqual(["the limit", "1 session", "slither-ts", "FastAPI", "pythonia"]);
  const [limit = 0, share, ours = 0, theirs] = widths(svg);
  expect([share, ours]).toEqual([limit / 4, Math.round((theirs ?? 0) / 2)]);
});
