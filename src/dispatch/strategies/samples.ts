/** So many are kept: enough to tell sizes apart whose batches vary by a third. */
const MOST = 25;

/** That of a median is so many times that of a mean (√(π / 2)), and 1.4826 times the median deviation is the standard deviation. */
const ERROR_OF_MEDIAN = Math.sqrt(Math.PI / 2) * 1.4826;

/** The last batches of one size: what they took, by medians, which a few stragglers do not move. */
export class Samples {
  readonly #durationsMs: number[] = [];
  readonly #throughputs: number[] = [];

  /** @param throughput records per second. */
  add(durationMs: number, throughput: number): void {
    this.#durationsMs.push(durationMs);
    this.#throughputs.push(throughput);
    if (this.count <= MOST) return;
    this.#durationsMs.shift();
    this.#throughputs.shift();
  }

  get count(): number {
    return this.#durationsMs.length;
  }

  /** Whether more would only replace others. */
  get isFull(): boolean {
    return this.count === MOST;
  }

  get durationMs(): number {
    return median(this.#durationsMs);
  }

  /** Whether more than one batch of five took longer; never because of a single one. */
  areSlowerThan(ms: number): boolean {
    const slower = this.#durationsMs.filter((each) => each > ms).length;
    return slower > Math.max(1, this.count / 5);
  }

  /** Records per second. */
  get throughput(): number {
    return median(this.#throughputs);
  }

  /** How far the throughput may be off, as a part of it: one standard error. */
  get error(): number {
    const { throughput } = this;
    const deviations = this.#throughputs.map((each) => Math.abs(each - throughput));
    return (ERROR_OF_MEDIAN * median(deviations)) / (throughput * Math.sqrt(this.count));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((value, other) => value - other);
  return sorted[sorted.length >> 1] as number;
}
