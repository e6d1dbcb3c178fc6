import { styleText } from "node:util";
import { type Check, type Status, TOPICS, type Topic } from "./check.js";
import type { Report } from "./report.js";
import { count } from "./words.js";

const COLORS = { ok: "green", warning: "yellow", problem: "red" } as const;
const STATUS_WIDTH = "warning".length;

/** The report as lines to read: a list for each topic, what mends a thing under it. */
export function render({ checks, problems, warnings, plan }: Report, colors: boolean): string {
  const paint = (color: Parameters<typeof styleText>[0], text: string): string =>
    colors ? styleText(color, text, { validateStream: false }) : text;
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const line = ({ status, name, found, fix }: Check): string[] => {
    const indent = " ".repeat(2 + STATUS_WIDTH + 2 + nameWidth + 2);
    const hanging = found.replaceAll("\n", `\n${indent}`);
    const first = `  ${paint(COLORS[status], status.padEnd(STATUS_WIDTH))}  ${name.padEnd(nameWidth)}  ${hanging}`;
    return fix === null ? [first] : [first, `${indent}${paint("bold", "fix:")} ${fix}`];
  };
  const topics = Object.entries(TOPICS).flatMap(([topic, title]) => {
    const lines = checks.filter((check) => check.topic === (topic as Topic)).flatMap(line);
    return lines.length === 0 ? [] : [paint("bold", title), ...lines, ""];
  });
  const worst: Status = problems > 0 ? "problem" : warnings > 0 ? "warning" : "ok";
  const verdict = `${count(problems, "problem")}, ${count(warnings, "warning")}`;
  const planned = `for ${count(plan.sessions, "session")} with ${count(plan.threads, "thread")} each`;
  return `${[...topics, `${paint(COLORS[worst], verdict)} ${planned}`].join("\n")}\n`;
}
