/** @returns when the promise is fulfilled, or after `ms` at the latest */
export async function withDeadline(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, deadline])
  clearTimeout(timer)
}
