/** The numbers of protocol/PROTOCOL.md. Each stands here once on this side. */

export const PROTOCOL_VERSION = 1;

/** Bytes before the body: u32 length, u8 kind, u32 id, all little-endian. */
export const HEADER_BYTES = 9;

/** The largest body that the length field can hold. */
export const MAX_BODY_BYTES = 0xffff_ffff;

/** How deep values may nest. A cyclic value is deeper than any limit, so this refuses it too. */
export const MAX_DEPTH = 200;

/** Integers up to here are `number` in JavaScript and `int` in Python; from here on `bigint`. */
export const MAX_NUMBER_INTEGER = 2 ** 53;

/** A key that assigning to a JavaScript object would not store. */
export const FORBIDDEN_KEY = "__proto__";

export const Kind = {
  HELLO: 0x01,
  READY: 0x02,
  PRELOADED: 0x03,
  WELCOME: 0x10,
  CALL: 0x11,
  BATCH: 0x12,
  REF_CALL: 0x13,
  REF_GET: 0x14,
  RELEASE: 0x15,
  CLOSE: 0x16,
  CANCEL: 0x17,
  FORK: 0x18,
  MEMORY: 0x19,
  CALLBACK_RESULT: 0x1b,
  CALLBACK_ERROR: 0x1c,
  PRELOAD: 0x1d,
  DROP: 0x1f,
  RESULT: 0x20,
  REF: 0x21,
  ERROR: 0x22,
  CALLBACK: 0x25,
  FORKED: 0x26,
  EXITED: 0x27,
  ROWS: 0x28,
} as const;

/** What a connection is for; said in its first frame. */
export type Channel = "calls" | "control" | "stdout" | "stderr" | "forkserver";

export const Extension = {
  INTEGER: 0x51,
  TUPLE: 0x52,
  DICT: 0x53,
  NDARRAY: 0x54,
  FLOAT: 0x55,
  TEXT: 0x56,
  REF: 0x57,
  SHARED: 0x58,
} as const;
