import type { Socket } from "node:net";
import type { Channel } from "../wire/protocol.js";

/** What a process says of itself first, on each of its channels. */
export interface Hello {
  readonly protocol: number;
  readonly token: string;
  readonly channel: Channel;
  readonly pid: number;
  readonly python: string;
}

/** A process all of whose channels have connected. The sockets are paused behind their HELLO. */
export interface Arrival<C extends Channel = Channel> {
  readonly hello: Hello;
  readonly sockets: Readonly<Record<C, Socket>>;
}

/** A process that was asked for and is on its way. */
export class ExpectedProcess {
  readonly arrival: Promise<Arrival>;
  readonly #missing: Set<Channel>;
  #sockets: Partial<Record<Channel, Socket>> = {};
  #resolve!: (arrival: Arrival) => void;
  #reject!: (error: Error) => void;

  constructor(channels: readonly Channel[]) {
    this.#missing = new Set(channels);
    this.arrival = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who waits for something else at the same time may never look.
    this.arrival.catch(() => {});
  }

  /** Whether all of its channels are there. */
  get complete(): boolean {
    return this.#missing.size === 0;
  }

  /** Takes over the socket of a channel; false when that channel is not due. */
  connect(hello: Hello, socket: Socket): boolean {
    if (!this.#missing.delete(hello.channel)) return false;
    this.#sockets[hello.channel] = socket;
    if (this.complete) {
      const sockets = this.#sockets as Record<Channel, Socket>;
      // They belong to whoever awaits the arrival from here on.
      this.#sockets = {};
      this.#resolve({ hello, sockets });
    }
    return true;
  }

  /** Turns away what has connected so far. */
  fail(error: Error): void {
    this.forget();
    this.#reject(error);
  }

  /** Lets go of one that has arrived in part. */
  forget(): void {
    this.#missing.clear();
    for (const socket of Object.values(this.#sockets)) socket.destroy();
    this.#sockets = {};
  }
}
