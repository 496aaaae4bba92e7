// The output of one generation, as it comes.

/**
 * What a model generates: an async iterable over the bytes of each token. It may be
 * iterated over more than once; each time begins with the first token.
 *
 * @implements {AsyncIterable<Uint8Array>}
 */
export class Generation {
  /** @type {Uint8Array[]} */
  #pieces = [];
  #ended = false;
  /** @type {Promise<void>} */
  #end = Promise.resolve();
  /** @type {(() => void)[]} */
  #waiting = [];
  #onToken;
  #cancel;

  /**
   * Made by `Pedigree.generate`.
   *
   * @hideconstructor
   * @param {((piece: Uint8Array) => void) | undefined} onToken
   * @param {() => void} cancel called when a loop over it is left early
   */
  constructor(onToken, cancel) {
    this.#onToken = onToken;
    this.#cancel = cancel;
  }

  /**
   * Takes its end, and its failure, from a promise.
   *
   * @param {Promise<void>} end
   */
  follow(end) {
    const ended = () => {
      this.#ended = true;
      this.#wake();
    };
    this.#end = end;
    // Who neither iterates nor asks for the text hears of no failure.
    end.then(ended, ended);
  }

  /**
   * Adds the bytes of tokens.
   *
   * @param {Uint8Array[]} pieces
   */
  add(pieces) {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#onToken?.(piece);
    }
    this.#wake();
  }

  async* [Symbol.asyncIterator]() {
    try {
      for (let i = 0; ; ++i) {
        while (i === this.#pieces.length && !this.#ended) {
          await /** @type {Promise<void>} */ (
            new Promise((resolve) => void this.#waiting.push(resolve)));
        }
        if (i === this.#pieces.length) break;
        yield this.#pieces[i];
      }
      await this.#end;
    } finally {
      if (!this.#ended) await this.#stop();
    }
  }

  /**
   * The whole text, when it has ended; bytes that are no text are U+FFFD.
   *
   * @returns {Promise<string>}
   */
  async text() {
    await this.#end;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const parts = this.#pieces.map(
      (piece) => decoder.decode(piece, { stream: true }));
    return parts.join("") + decoder.decode();
  }

  async #stop() {
    this.#cancel();
    await this.#end.catch(() => {});
  }

  #wake() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
