import { typeNameOf } from "./refusal.js";

/** Whether a value is an object whose fields are its own: plain, without a prototype, or plain in another realm (a vm context, a test runner). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && typeNameOf(value) === "Object";
}
