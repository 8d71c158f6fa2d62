import { describe, expect, it } from 'vitest'
import { addressBucket, isNetwork, networkShown, networksOf } from './address.ts'

describe('a network of a credential', () => {
  it.each([
    ['10.0.0.0/8', '10.200.0.1', true],
    ['10.0.0.0/8', '::ffff:10.200.0.1', true],
    ['10.0.0.0/8', '::ffff:ac8:1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['203.0.113.7/32', '203.0.113.7', true],
    ['203.0.113.7/32', '203.0.113.8', false],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::5', false],
    ['2001:db8::/32', '32.1.13.184', false],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'unknown', false],
    ['127.0.0.0/8', '0x7f.1', false],
  ])('%s holds %s: %s', (network, address, inside) => {
    expect(networksOf([network])(address)).toBe(inside)
  })

  it('is one of several', () => {
    const held = networksOf(['10.0.0.0/8', '2001:db8::/32'])
    expect(['10.0.0.1', '2001:db8::1', '192.0.2.1'].map(held)).toEqual([true, true, false])
  })

  it.each(['10.0.0.0/8', '10.1.2.3/32', '2001:db8::/32', '::1/128', '0.0.0.0/0'])('may be %s', (text) => {
    expect(isNetwork(text)).toBe(true)
  })

  it.each([
    '',
    '10.0.0.1',
    '10.0.0.1/8',
    '10.1/8',
    '010.0.0.0/8',
    '10.0.0.0/33',
    '2001:db8::1/32',
    '::ffff:10.0.0.0/104',
    'lan',
    '10.0.0.0/8/8',
  ])('is not %j', (text) => {
    expect(isNetwork(text)).toBe(false)
  })
})

describe('the count of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:9:9:9:9', '2001:db8:0:0::/64'],
    ['unknown', 'unknown'],
  ])('of %s is that of %s', (address, bucket) => {
    expect(addressBucket(address)).toBe(bucket)
  })
})

it.each([
  ['203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.0/24'],
  ['::ffff:cb00:714d', '203.0.113.0/24'],
  ['2001:db8:1:2::3', '2001:db8:1::/48'],
  ['::1', '0:0:0::/48'],
  ['', 'unknown network'],
])('%s is shown as of the network %s', (address, network) => {
  expect(networkShown(address)).toBe(network)
})
