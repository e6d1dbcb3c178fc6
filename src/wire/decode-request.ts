import { ProtocolError } from "../errors/session.js";
import { type ColumnTable, columnsOfTable } from "./columns-table.js";
import { unpack } from "./extensions.js";
import type { Handle } from "./handle.js";
import { Kind } from "./protocol.js";
import type { BatchRequest, EncodedRequest, Request, Returns, Step } from "./request.js";
import { rowsOf, type Table } from "./table.js";

/**
 * Reads a request as Python reads it, for an engine that has no Python: its values are copies, and what travels as something else arrives as that.
 *
 * @param resolve what stands for the object behind a ref.
 */
export function decodeRequest(
  { kind, body, sites, isColumns }: EncodedRequest,
  resolve: (id: number) => Handle,
): Request {
  const parts = unpack(body, resolve);
  switch (kind) {
    case Kind.CALL: {
      const [module, name, args, kwargs, returns] = parts as CallParts<[string, string]>;
      return { kind: "call", module, function: name, args, kwargs, returns };
    }
    case Kind.BATCH: {
      const [steps, table, taps, traceparent, entries] = parts as BatchParts;
      return {
        kind: "batch",
        steps: steps.map(([module, name, form], index) => ({
          stage: sites?.[index]?.stage ?? "",
          module,
          function: name,
          form,
        })),
        ...(isColumns ? columnPayloads(table as ColumnTable) : { payloads: rowsOf(table as Table) }),
        taps: taps.map(([step, indices]) => ({ step, indices })),
        ...(entries === null ? {} : { entries: entries.map(([step, indices]) => ({ step, indices })) }),
        ...(traceparent === null ? {} : { traceparent }),
      };
    }
    case Kind.REF_CALL: {
      const [ref, method, args, kwargs, returns] = parts as CallParts<[number, string]>;
      return { kind: "ref-call", ref, method, args, kwargs, returns };
    }
    case Kind.REF_GET: {
      const [ref, attribute, returns] = parts as [number, string, Returns];
      return { kind: "ref-get", ref, attribute, returns };
    }
    default:
      throw new ProtocolError(`expected a request, got a message of kind 0x${kind.toString(16)}`);
  }
}

function columnPayloads(table: ColumnTable): Pick<BatchRequest, "payloads" | "columns"> {
  const block = columnsOfTable(table);
  return { payloads: block.allRows, columns: () => block };
}

type BatchParts = [
  steps: [module: string, function: string, form: Step["form"]][],
  table: Table | ColumnTable,
  taps: [step: number, indices: number[]][],
  traceparent: string | null,
  entries: [step: number, indices: number[]][] | null,
];

type CallParts<What extends unknown[]> = [
  ...what: What,
  args: unknown[],
  kwargs: Record<string, unknown>,
  returns: Returns,
];
