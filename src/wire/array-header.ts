import type { Dtype } from "./ndarray.js";

export interface ArrayHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * Reads the header of an NDARRAY: a MessagePack array `[dtype, [shape…]]`. By hand, because an unpack inside an unpack would copy the whole message
 * around it.
 */
export function readArrayHeader(header: Buffer): ArrayHeader {
  // 0x92 and a text of fewer than 32 bytes; then the axes, of which numpy has at most 64.
  const dtypeEnd = 2 + (header.readUInt8(1) & 0x1f);
  const many = header.readUInt8(dtypeEnd) === 0xdc;
  const axes = many ? header.readUInt16BE(dtypeEnd + 1) : header.readUInt8(dtypeEnd) & 0x0f;
  const shape: number[] = [];
  let position = dtypeEnd + (many ? 3 : 1);
  for (let axis = 0; axis < axes; axis++) {
    const { value, bytes } = readLength(header, position);
    shape.push(value);
    position += bytes;
  }
  return { dtype: header.toString("latin1", 2, dtypeEnd) as Dtype, shape };
}

function readLength(header: Buffer, position: number): { value: number; bytes: number } {
  const token = header.readUInt8(position);
  switch (token) {
    case 0xcc:
      return { value: header.readUInt8(position + 1), bytes: 2 };
    case 0xcd:
      return { value: header.readUInt16BE(position + 1), bytes: 3 };
    case 0xce:
      return { value: header.readUInt32BE(position + 1), bytes: 5 };
    case 0xcf:
      return { value: Number(header.readBigUInt64BE(position + 1)), bytes: 9 };
    default:
      return { value: token, bytes: 1 };
  }
}
