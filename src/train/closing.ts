/** Something that holds memory or a thread until it is closed. */
interface Closable {
  close(): Promise<void>;
}

/** Things opened one after another, each closed once: when opening one fails, those before it are closed. */
export interface Closing {
  /** Opens one more. */
  open<T extends Closable>(make: () => T | Promise<T>): Promise<T>;
  /** Closes the given ones, or all that are still open, the latest first. */
  close(...chosen: readonly Closable[]): Promise<void>;
}

/** Nothing opened yet. */
export function closing(): Closing {
  const open = new Set<Closable>();
  async function close(...chosen: readonly Closable[]): Promise<void> {
    for (const item of chosen.length > 0 ? chosen : [...open].reverse()) {
      if (open.delete(item)) await item.close();
    }
  }
  return {
    async open(make) {
      try {
        const made = await make();
        open.add(made);
        return made;
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}
