/** Reads a metric of a running server: the sum of its series, or the value of one series, `name{label="value"}`. */
export async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => [' ', '{'].some((end) => line.startsWith(name + end)))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
