// What is used of the peers: checking types needs none of them installed.

declare module "pythonia" {
  import type { ChildProcess } from "node:child_process";

  const pythonia: {
    readonly python: {
      (file: string): Promise<never>;
      setFastMode(fast: boolean): void;
      exit(): void;
    };
    readonly com: { readonly proc: ChildProcess };
  };
  export default pythonia;
}

declare module "python-shell" {
  export interface Options {
    readonly mode: "json";
    readonly pythonPath: string;
    readonly scriptPath: string;
    readonly env: NodeJS.ProcessEnv;
  }

  export class PythonShell {
    constructor(script: string, options: Options);
    // biome-ignore lint/suspicious/noExplicitAny: The script says what it sends.
    on(event: "message", listener: (message: any) => void): this;
    send(message: object): this;
    end(done: (error: Error | null) => void): this;
  }
}

declare module "undici" {
  export class Pool {
    constructor(origin: string, options: { socketPath: string; connections: number; pipelining: number });
    request(options: { path: string; method: "GET" | "POST"; body?: string | Uint8Array }): Promise<{
      readonly statusCode: number;
      readonly body: { json(): Promise<unknown> };
    }>;
    close(): Promise<void>;
  }
}
