import type { RenderOptions } from 'altair-static'
import { EXAMPLES } from './console-examples.ts'

/** This code runs in the browser. */
const START = `
const graphql = new URL('../graphql', document.baseURI).href
const places = {
  endpointURL: graphql,
  subscriptionsEndpoint: graphql.replace(/^http/, 'ws'),
  initialSubscriptionRequestHandlerId: 'graphql-ws',
}

// Altair stores its user's windows, and opens the initial windows only if none are stored. It then shows the last one, so this code
// switches to the first.
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

/** Returns the script that starts Altair with one window per example. */
export function startScript(options: RenderOptions): string {
  const windows = EXAMPLES.map(({ name, query, variables }) => ({
    initialName: name,
    initialQuery: query,
    initialVariables: JSON.stringify(variables, null, 2),
  }))
  return `const options = ${JSON.stringify(options)}\nconst windows = ${JSON.stringify(windows)}\n${START}`
}
