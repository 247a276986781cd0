import type { RenderOptions } from 'altair-static'
import { EXAMPLES } from './console-examples.ts'

/** Runs in the browser. */
const START = `
const graphql = new URL('../graphql', document.baseURI).href
const places = {
  endpointURL: graphql,
  subscriptionsEndpoint: graphql.replace(/^http/, 'ws'),
  initialSubscriptionRequestHandlerId: 'graphql-ws',
}

// Altair keeps what its user has made of the windows, and opens these in their place only where there is nothing to keep. Then
// it shows the last of them: the first is the one to begin with.
const known = await indexedDB.databases()
if (!known.some(({ name }) => name === 'AltairDB')) {
  const observer = new MutationObserver(() => {
    const tabs = document.querySelectorAll('.window-switcher__item')
    if (tabs.length < windows.length) return
    observer.disconnect()
    tabs[0].click()
  })
  observer.observe(document.body, { childList: true, subtree: true })
}

AltairGraphQL.init({ ...options, ...places, initialWindows: windows.map((window) => ({ ...window, ...places })) })
`

/** The script that brings Altair up with the examples in its windows. */
export function startScript(options: RenderOptions): string {
  const windows = EXAMPLES.map(({ name, query, variables }) => ({
    initialName: name,
    initialQuery: query,
    initialVariables: JSON.stringify(variables, null, 2),
  }))
  return `const options = ${JSON.stringify(options)}\nconst windows = ${JSON.stringify(windows)}\n${START}`
}
