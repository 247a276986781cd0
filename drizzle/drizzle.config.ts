import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/log/tables.ts',
    './src/command/tables.ts',
    './src/projector/tables.ts',
    './src/projection/*.ts',
  ],
  schemaFilter: ['stock', 'views'],
  out: './drizzle/migrations',
})
