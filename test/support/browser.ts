import { spawnSync } from 'node:child_process'

/** The browser that CHROMIUM_PATH names, or one from the PATH; undefined if there is none. */
export const chromiumPath = [process.env['CHROMIUM_PATH'], 'chromium', 'chromium-browser', 'google-chrome']
  .filter((program) => program !== undefined)
  .map((program) => spawnSync('which', [program]).stdout?.toString().trim())
  .find((path) => path)
