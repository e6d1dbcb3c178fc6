import type { Trip } from "../stage/contract.js";
import { Occupancy } from "./explain/occupancy.js";

/** Where the time of trips to Python went, in milliseconds: each part begins where the one before it ends, so that they make up the whole. */
export interface CrossingTimes {
  /** Writing the messages, in Node. */
  readonly encodeMs: number;
  /** Waiting until it was their turn, and the process was free. */
  readonly queueMs: number;
  /** On the way to Python. */
  readonly sendMs: number;
  /** Reading the messages, in Python. */
  readonly decodeMs: number;
  /** In the functions, by step. */
  readonly computeMs: readonly number[];
  /** Writing the answers, in Python; also what taps are shown, before the next function begins. */
  readonly answerMs: number;
  /** On the way back; also the time until Node, busy with something else, had them. */
  readonly returnMs: number;
  /** Reading the answers, in Node. */
  readonly readMs: number;
  /** In taps, between the answers and their records' going on. */
  readonly tapMs: number;
}

/** The trips of one stage, or of a group that begins with it, added up. */
export class Crossings {
  trips = 0;
  rows = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** Of all trips, from the request to the end; they overlap. */
  durationMs = 0;
  /** When taps were at work. */
  readonly taps = new Occupancy();
  #times: number[] = [];
  #steps: number[] = [];

  add({ rows, bytes, times, settled }: Trip): void {
    this.trips += 1;
    this.rows += rows;
    this.bytesSent += bytes.sent;
    this.bytesReceived += bytes.received;
    this.durationMs += settled - times.asked;
    const { asked, encoded, begun, received, decoded, steps, answered, arrived, read } = times;
    addTo(this.#times, [asked, encoded, begun, received, decoded]);
    let written = decoded;
    for (const [step, { began, done }] of steps.entries()) {
      this.#steps[step] = (this.#steps[step] ?? 0) + (done - began);
      written += done - began;
    }
    this.taps.add(read, settled);
    addTo(this.#times, [written, answered, arrived, read, settled], 4);
  }

  get times(): CrossingTimes {
    const [
      encodeMs = 0,
      queueMs = 0,
      sendMs = 0,
      decodeMs = 0,
      answerMs = 0,
      returnMs = 0,
      readMs = 0,
      tapMs = 0,
    ] = this.#times;
    return {
      encodeMs,
      queueMs,
      sendMs,
      decodeMs,
      computeMs: [...this.#steps],
      answerMs,
      returnMs,
      readMs,
      tapMs,
    };
  }
}

/** Adds the differences of consecutive stamps to sums, from a place on. */
function addTo(sums: number[], stamps: readonly number[], from = 0): void {
  for (let index = 1; index < stamps.length; index++) {
    const place = from + index - 1;
    sums[place] = (sums[place] ?? 0) + ((stamps[index] as number) - (stamps[index - 1] as number));
  }
}
