import { bytesOf, type Dtype } from "./ndarray.js";

/** Where the elements of an array are in shared memory: in a file that a process has open. */
export interface BlockPlace {
  readonly pid: number;
  readonly descriptor: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What the extensions for arrays hold. */
interface ArrayPayload {
  readonly dtype: Dtype;
  readonly shape: number[];
  /** The elements themselves, in the payload; or where they are. */
  readonly elements: Uint8Array | BlockPlace;
}

/** The fields of a header, those of a place in shared memory last: see "Values" in protocol/PROTOCOL.md. */
type Header = [dtype: Dtype, shape: readonly number[], ...place: number[]];

/** Writes a payload: its header, and the elements where they are not in shared memory. */
export function arrayPayload(header: Header, data: ArrayBufferView = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const payload = Buffer.allocUnsafe(2 + text.byteLength + data.byteLength);
  payload.writeUInt16LE(text.byteLength, 0);
  payload.set(text, 2);
  payload.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 2 + text.byteLength);
  return payload;
}

export function readArrayPayload(data: Buffer): ArrayPayload {
  const end = 2 + data.readUInt16LE(0);
  const [dtype, shape, ...place] = JSON.parse(data.toString("utf8", 2, end)) as [
    Dtype,
    number[],
    ...number[],
  ];
  if (place.length === 0) return { dtype, shape, elements: data.subarray(end) };
  const [pid, descriptor, offset] = place as [number, number, number];
  return { dtype, shape, elements: { pid, descriptor, offset, bytes: bytesOf(dtype, shape) } };
}
