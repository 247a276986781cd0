/** Formats rows as aligned columns; numbers are aligned to the right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const names = Object.keys(rows[0] ?? {})
  const width = (name: string) => Math.max(name.length, ...rows.map((row) => String(row[name]).length))
  const cell = (value: string | number, name: string) =>
    typeof value === 'number' ? String(value).padStart(width(name)) : value.padEnd(width(name))
  const line = (values: Readonly<Record<string, string | number>>) =>
    names
      .map((name) => cell(values[name] ?? '', name))
      .join('  ')
      .trimEnd()
  const header = names.map((name) => {
    return typeof rows[0]?.[name] === 'number' ? name.padStart(width(name)) : name.padEnd(width(name))
  })
  return [header.join('  ').trimEnd(), ...rows.map(line)].join('\n')
}
