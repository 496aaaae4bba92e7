// What the client uses of Node, where it runs in Node.

declare const process: { versions?: { node?: string } };
declare function setImmediate(act: () => void): unknown;

declare module "node:worker_threads" {
  class Worker {
    constructor(url: URL);
    on(event: "error" | "message" | "messageerror" | "exit",
      listener: (value: any) => void): this;
    postMessage(message: unknown, transfer?: Transferable[]): void;
    terminate(): Promise<number>;
  }
  const parentPort: {
    on(event: "message", listener: (message: any) => void): void;
    postMessage(message: unknown, transfer?: Transferable[]): void;
  } | null;
}

declare module "node:fs" {
  function createReadStream(url: URL, options: { highWaterMark: number }):
    AsyncIterable<Uint8Array>;
}
