/** Where the page's state lives: one value, replaced as a whole, and whoever wants to know of it. */

/** A value that changes. */
export interface Store<S> {
  /** What it is now. */
  readonly state: S;
  /** Puts the given fields over those of the state, then tells the listeners. */
  set(change: Partial<S> | ((state: S) => Partial<S>)): void;
  /** @returns what ends the subscription. */
  subscribe(listener: (state: S) => void): () => void;
}

/** A store that holds `initial`. */
export function createStore<S extends object>(initial: S): Store<S> {
  let state = initial;
  const listeners = new Set<(state: S) => void>();
  return {
    get state() {
      return state;
    },
    set(change) {
      state = { ...state, ...(typeof change === 'function' ? change(state) : change) };
      for (const listener of listeners) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
