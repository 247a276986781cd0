import type { Reporter, TestModule } from 'vitest/node'

/** Lists the skipped tests at the end of the run, so that incomplete proof is visible. */
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
