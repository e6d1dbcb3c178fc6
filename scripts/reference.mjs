/**
 * The tables of the guides that are made from tables of src/telemetry/. Everything here is text; write-reference.mjs writes the pages, and a test
 * compares them.
 */

/**
 * @typedef {import("../src/telemetry/field.js").EventEntry} EventEntry
 * @typedef {import("../src/telemetry/field.js").Fields} Fields
 * @typedef {Readonly<Record<string, { readonly name: string, readonly what: string }>>} Attributes
 *
 * @typedef {object} Tables what the modules of src/telemetry/ export under these names
 * @property {Readonly<Record<string, EventEntry>>} FORKSERVER_EVENT_TABLE
 * @property {Readonly<Record<string, EventEntry>>} SESSION_EVENT_TABLE
 * @property {Readonly<Record<string, EventEntry>>} RUN_EVENT_TABLE
 * @property {Attributes} ATTRIBUTES
 * @property {Readonly<Record<string, { readonly name: string, readonly kind: number, readonly parent: string, readonly attributes: readonly string[] }>>} SPAN_TABLE
 * @property {Readonly<Record<string, { readonly name: string, readonly instrument: string, readonly unit: string, readonly what: string, readonly attributes: readonly string[] }>>} METRIC_TABLE
 */

/** The modules of src/telemetry/ that have the tables. */
export const TABLE_MODULES = ["event-table", "attributes", "span-table", "metric-table"];

const SPAN_KINDS = ["internal", "server", "client", "producer", "consumer"];

/**
 * The pages with tables that are made, and those tables by the name that stands in the page: `<!-- table NAME -->` and `<!-- end -->` are around it.
 *
 * @param {Tables} tables
 * @returns {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
export function referencePages(tables) {
  return {
    "docs/guides/events.md": {
      "events of the forkserver": eventsTable(tables.FORKSERVER_EVENT_TABLE),
      "events of sessions": eventsTable(tables.SESSION_EVENT_TABLE),
      "events of runs": eventsTable(tables.RUN_EVENT_TABLE),
    },
    "docs/guides/telemetry.md": {
      spans: spansTable(tables),
      metrics: metricsTable(tables),
      attributes: table(
        ["attribute", "what"],
        Object.values(tables.ATTRIBUTES).map(({ name, what }) => [code(name), what]),
      ),
    },
  };
}

/**
 * The page with its tables as they are to be.
 *
 * @param {string} page its text
 * @param {Readonly<Record<string, string>>} tables by name
 */
export function withTables(page, tables) {
  return Object.entries(tables).reduce((text, [name, made]) => {
    const [begin, end] = [`<!-- table ${name} -->\n`, "<!-- end -->"];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from === -1 || to === -1)
      throw new Error(`expected ${begin.trim()} and ${end} in the page, got neither`);
    return `${text.slice(0, from + begin.length)}\n${made}\n\n${text.slice(to)}`;
  }, page);
}

/** What several events share stands in a table of its own. @param {Readonly<Record<string, EventEntry>>} events */
function eventsTable(events) {
  const fields = Object.values(events).flatMap((event) => Object.entries(event.fields));
  const shared = new Map(fields.filter(([, field]) => count(fields, field) > 1));
  /** @param {Fields} own */
  const notes = (own) =>
    Object.entries(own)
      .filter(([, field]) => count(fields, field) === 1)
      .map(([name, { what }]) => `; ${code(name)}: ${what}`);
  const rows = Object.entries(events).map(([name, { when, fields: own }]) => [
    code(name),
    when + notes(own).join(""),
    Object.keys(own).map(code).join(", "),
  ]);
  const made = table(["event", "when", "fields"], rows);
  if (shared.size === 0) return made;
  const common = [...shared].map(([name, { what }]) => [code(name), what]);
  return `${made}\n\n${table(["field of several", "what"], common)}`;
}

/**
 * @param {readonly (readonly [string, unknown])[]} fields
 * @param {unknown} field
 */
function count(fields, field) {
  return fields.filter(([, each]) => each === field).length;
}

/** @param {Tables} tables */
function spansTable({ SPAN_TABLE, ATTRIBUTES }) {
  const rows = Object.values(SPAN_TABLE).map(({ name, kind, parent, attributes }) => [
    code(name),
    String(SPAN_KINDS[kind]),
    parent,
    namesOf(attributes, ATTRIBUTES),
  ]);
  return table(["span", "kind", "child of", "attributes"], rows);
}

/** @param {Tables} tables */
function metricsTable({ METRIC_TABLE, ATTRIBUTES }) {
  const rows = Object.values(METRIC_TABLE).map(({ name, instrument, unit, what, attributes }) => [
    code(name),
    instrument,
    code(unit),
    what,
    namesOf(attributes, ATTRIBUTES),
  ]);
  return table(["metric", "instrument", "unit", "what", "attributes"], rows);
}

/**
 * @param {readonly string[]} keys
 * @param {Attributes} attributes
 */
function namesOf(keys, attributes) {
  return keys.map((key) => code(String(attributes[key]?.name))).join(", ");
}

/** @param {string} text */
function code(text) {
  return `\`${text}\``;
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n").replace(/^\|( --- \|)+$/m, (line) => line.replaceAll(" ", ""));
}
