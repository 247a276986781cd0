#!/usr/bin/env node
/** `onhand <command>`. Each command's code is loaded when it is called for. */
import { existsSync, readFileSync } from 'node:fs'
import { defineCommand, runMain } from 'citty'

// What the environment says already wins.
if (existsSync('.env')) process.loadEnvFile('.env')

const { version, description } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string; description: string }

await runMain(
  defineCommand({
    meta: { name: 'onhand', version, description },
    subCommands: {
      start: async () => (await import('./start.ts')).default,
      migrate: async () => (await import('./migrate.ts')).default,
      seed: async () => (await import('./seed.ts')).default,
      reset: async () => (await import('./reset.ts')).default,
      import: async () => (await import('./import.ts')).default,
      replay: async () => (await import('./replay.ts')).default,
      rebuild: async () => (await import('./rebuild.ts')).default,
      verify: async () => (await import('./verify.ts')).default,
      status: async () => (await import('./status.ts')).default,
      skip: async () => (await import('./skip.ts')).default,
    },
  }),
)
