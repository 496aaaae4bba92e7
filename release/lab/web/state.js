// The state of the page: one object, replaced member by member, and those who
// want to hear of it.

export class Store {
  /** @param {Record<string, any>} state */
  constructor(state) {
    this.state = state;
    /** @type {Set<(state: any, changed: Set<string>) => void>} */
    this.listeners = new Set();
    this.pending = new Set();
  }

  /** @param {Record<string, any>} patch */
  set(patch) {
    this.state = {...this.state, ...patch};
    for (const key of Object.keys(patch)) this.pending.add(key);
    if (this.scheduled) return;
    this.scheduled = true;
    // Many changes in a row are one for the listeners.
    queueMicrotask(() => this.tell());
  }

  tell() {
    const changed = this.pending;
    this.scheduled = false;
    this.pending = new Set();
    for (const listener of this.listeners) listener(this.state, changed);
  }

  /**
   * Calls `listener` now, and whenever one of `keys` changes.
   *
   * @param {string[]} keys
   * @param {(state: any) => void} listener
   */
  watch(keys, listener) {
    this.listeners.add((state, changed) => {
      if (keys.some((key) => changed.has(key))) listener(state);
    });
    listener(this.state);
  }
}
