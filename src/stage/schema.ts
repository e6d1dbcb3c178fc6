import type { StandardSchemaV1 } from "@standard-schema/spec";
import { SchemaError } from "../errors/schema.js";
import { show } from "../options/parse.js";
import { segment } from "../wire/refusal.js";
import { reasonOf } from "./contract.js";

/** A validator of any library that has the Standard Schema interface (zod, valibot, arktype, …): https://standardschema.dev */
export type Schema<Input = unknown, Output = unknown> = StandardSchemaV1<Input, Output>;

/** What goes in and out of a stage is checked against these, and becomes what they make of it. */
export interface Schemas {
  readonly input?: Schema | undefined;
  readonly output?: Schema | undefined;
}

/** What a schema makes of a value; a promise where the schema is asynchronous. @throws SchemaError, or rejects with it, when it does not fit. */
export function checked(
  schema: Schema | undefined,
  value: unknown,
  stage: string,
  direction: "input" | "output",
): unknown {
  if (schema === undefined) return value;
  const threw = (error: unknown): never => {
    throw new SchemaError(
      stage,
      direction,
      [{ path: "", message: `its schema threw: ${reasonOf(error)}` }],
      error,
    );
  };
  let outcome: ReturnType<Schema["~standard"]["validate"]>;
  try {
    outcome = schema["~standard"].validate(value);
  } catch (error) {
    return threw(error);
  }
  // Of another realm, or of a library of its own.
  if (typeof (outcome as { then?: unknown } | undefined)?.then !== "function")
    return made(outcome as StandardSchemaV1.Result<unknown>, stage, direction);
  return Promise.resolve(outcome).then((settled) => made(settled, stage, direction), threw);
}

/** Whether a value has the Standard Schema interface. */
export function isSchema(value: unknown): value is Schema {
  const schema = value as Partial<Schema> | null | undefined;
  return typeof schema?.["~standard"]?.validate === "function";
}

function made(
  outcome: StandardSchemaV1.Result<unknown>,
  stage: string,
  direction: "input" | "output",
): unknown {
  if (typeof outcome !== "object" || outcome === null) {
    const message = `expected its schema to return a result, got ${show(outcome)}`;
    throw new SchemaError(stage, direction, [{ path: "", message }]);
  }
  if (outcome.issues === undefined) return outcome.value;
  const issues = outcome.issues.map(({ message, path = [] }) => ({
    message,
    path: path.map((part) => segment(typeof part === "object" ? part.key : part)).join(""),
  }));
  throw new SchemaError(stage, direction, issues);
}
