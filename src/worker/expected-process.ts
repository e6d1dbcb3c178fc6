import type { Socket } from "node:net";
import type { Channel } from "../wire/protocol.js";

/** What is said first on a connection. */
export interface Greeting {
  readonly protocol: number;
  readonly token: string;
  readonly channel: Channel;
  /** Null when it is said for a process that is about to be made. */
  readonly pid: number | null;
  readonly python: string;
}

/** What a process says of itself first. */
export interface Hello extends Greeting {
  readonly pid: number;
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
  /** Its connection `calls`, on which it will say who it is. */
  #announced: Socket | undefined;
  #hello: Hello | undefined;
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

  /** Whether it has said who it is, and all of its channels are there. */
  get complete(): boolean {
    return this.#hello !== undefined && this.#missing.size === 0;
  }

  /** The process will say HELLO on this socket, or fail when that is closed; false when its channel `calls` is not due. */
  announce(socket: Socket): boolean {
    if (this.#announced !== undefined || !this.#missing.has("calls")) return false;
    this.#announced = socket;
    socket.once("close", () => {
      if (this.#missing.has("calls")) this.fail(new Error("the new process ended before it had said HELLO"));
    });
    return true;
  }

  /** Takes over the socket of a channel; false when that channel is not due. */
  connect(greeting: Greeting, socket: Socket): boolean {
    if (!this.#missing.delete(greeting.channel)) return false;
    this.#sockets[greeting.channel] = socket;
    if (isHello(greeting)) this.#hello = greeting;
    if (this.#hello !== undefined && this.complete) {
      const sockets = this.#sockets as Record<Channel, Socket>;
      // They belong to whoever awaits the arrival from here on.
      this.#sockets = {};
      this.#announced = undefined;
      this.#resolve({ hello: this.#hello, sockets });
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
    this.#announced?.destroy();
  }
}

function isHello(greeting: Greeting): greeting is Hello {
  return greeting.pid !== null;
}
