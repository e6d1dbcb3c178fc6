import { LRUCache } from "lru-cache";

/** So many layouts are known at once; one that was not asked for the longest is forgotten. */
const MOST_LAYOUTS = 256;

/** A function that makes something for a layout of keys, which is data, once for as long as that is known. */
export function onceForEach<Layout, Made extends object>(
  make: (layout: Layout) => Made,
): (layout: Layout) => Made {
  const known = new LRUCache<string, Made>({ max: MOST_LAYOUTS });
  return (layout) => {
    const name = JSON.stringify(layout);
    const made = known.get(name) ?? make(layout);
    known.set(name, made);
    return made;
  };
}

/** What code gives that is made of text; where that may not be, what does the same without. */
export function compiledOr<Made>(compile: () => Made, otherwise: () => Made): Made {
  try {
    return compile();
  } catch {
    return otherwise();
  }
}
