import { BlockList, isIP, isIPv6 } from 'node:net'

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

/**
 * @param networks addresses, or networks such as `10.0.0.0/8`
 * @returns a function that checks whether an address is in one of them
 */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) addTo(list, network)
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address))
}

export function isNetwork(text: string): boolean {
  try {
    addTo(new BlockList(), text)
    return true
  } catch {
    return false
  }
}

/** @throws if the text is neither an address nor a network */
function addTo(list: BlockList, network: string): void {
  const [address = '', bits] = network.split('/', 2)
  if (bits === undefined) list.addAddress(address, familyOf(address))
  else list.addSubnet(address, /^\d{1,3}$/.test(bits) ? Number(bits) : NaN, familyOf(address))
}
