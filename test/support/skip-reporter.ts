import type { Reporter, TestModule } from 'vitest/node'

/** Names what was skipped, last of all, so that a run that proves less than it should says so. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map(
        (test) => `  ${module.relativeModuleId} > ${test.fullName}`,
      ),
    )
    if (skipped.length > 0)
      process.stdout.write(`\nSKIPPED, so not proven by this run:\n${skipped.join('\n')}\n`)
  }
}
