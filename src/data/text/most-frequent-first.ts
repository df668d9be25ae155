/** A queue of numbers that gives the most frequent one first. */
export interface FrequencyQueue {
  /** To be called after each change of an item's count. */
  push(item: number): void;
  /** Takes the item with the highest count, the smallest of equals; undefined if none has a positive one. */
  pop(): number | undefined;
}

interface Entry {
  readonly item: number;
  /** When the entry was made; the item's count may since have changed. */
  readonly count: number;
}

/**
 * A binary heap over counts that change while it is used: an entry whose count is no longer true is dropped when it
 * comes up, since each change brought a new one.
 */
export function mostFrequentFirst(counts: ReadonlyMap<number, number>): FrequencyQueue {
  const heap: Entry[] = [];
  const before = (a: Entry, b: Entry): boolean => a.count > b.count || (a.count === b.count && a.item < b.item);

  function sinkFrom(place: number, entry: Entry): void {
    let at = place;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  function takeFirst(): Entry {
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) sinkFrom(0, last);
    return first;
  }

  return {
    push(item) {
      const entry = { item, count: counts.get(item)! };
      if (entry.count <= 0) return;
      let at = heap.length;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!before(entry, heap[parent]!)) break;
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = entry;
    },
    pop() {
      while (heap.length > 0) {
        const { item, count } = takeFirst();
        if (counts.get(item) === count) return item;
      }
      return undefined;
    },
  };
}
