/** Does something a number of times, with a number of concurrent callers. */
export async function many(count: number, callers: number, work: () => Promise<unknown>): Promise<void> {
  let begun = 0
  async function call(): Promise<void> {
    while (begun < count) {
      begun += 1
      await work()
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
}
