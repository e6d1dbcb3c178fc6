/** Bars that are compared with each other. */
export interface Bars {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What is written at its end. */
  readonly says: string;
  /** Ours stand out. */
  readonly ours: boolean;
}

const WIDTH = 760;
const LABELS = 190;
const ENDS = 130;
const STEP = 22;
const THICK = 14;
const HEAD = 34;
const MARGIN = 16;

// One style for light and dark pages: a picture in an <img> is told the reader's preference, not the page's colours.
const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    .ours { fill: #1f6feb; }
    .other { fill: #8c959f; }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .ours { fill: #58a6ff; } .other { fill: #6e7681; } }
  `;

/** Groups of bars below each other; each group has its own scale, from zero to its longest bar. */
export function svgOf(groups: readonly Bars[]): string {
  const lines: string[] = [];
  let y = MARGIN;
  for (const { title, bars } of groups) {
    lines.push(`  <text class="title" x="${MARGIN}" y="${y + 12}">${escaped(title)}</text>`);
    y += STEP + 4;
    const longest = Math.max(...bars.map(({ value }) => value));
    for (const bar of bars) {
      lines.push(...barLines(bar, longest, y));
      y += STEP;
    }
    y += HEAD - STEP;
  }
  const titles = groups.map(({ title }) => title).join("; ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    `  <title>${escaped(titles)}</title>`,
    `  <style>${STYLE}</style>`,
    ...lines,
    "</svg>\n",
  ].join("\n");
}

function barLines({ label, value, says, ours }: Bar, longest: number, y: number): string[] {
  const space = WIDTH - LABELS - ENDS - 2 * MARGIN;
  const length = Math.max(1, Math.round((space * value) / longest));
  const start = MARGIN + LABELS;
  const kind = ours ? "ours" : "other";
  return [
    `  <text x="${start - 8}" y="${y + 11}" text-anchor="end">${escaped(label)}</text>`,
    `  <rect class="${kind}" x="${start}" y="${y}" width="${length}" height="${THICK}" rx="2"/>`,
    `  <text x="${start + length + 6}" y="${y + 11}">${escaped(says)}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
