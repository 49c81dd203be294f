import type * as Domain from '../domain/facts.ts'
import type { World } from '../domain/world/world.ts'
import type { Facts } from './rule-api.ts'
import { moment, type Views } from './views.ts'

type Shown = { [K in keyof Facts]: (fact: Domain.Facts[K], world: World) => Facts[K] }

/** How each fact that a user's rule can listen to is shown to it. */
export function createShown(views: Views): Shown {
  const { buffer, attachment, mapping, revocation, reset, fence } = views
  return {
    attached: (fact) => ({ attachment: attachment(fact.attachment) }),
    refused: (fact) => ({ attachment: attachment(fact.attachment) }),
    detached: (fact) => ({ attachment: attachment(fact.attachment), stillMapped: fact.stillMapped.map(mapping) }),
    mapped: (fact) => ({ mapping: mapping(fact.mapping) }),
    unmapped: (fact) => ({ mapping: mapping(fact.mapping) }),
    invalidated: (fact) => ({
      buffer: buffer(fact.buffer),
      revocation: revocation(fact.revocation),
      live: fact.live.map(mapping),
    }),
    restored: (fact) => ({ buffer: buffer(fact.buffer), revocation: revocation(fact.revocation) }),
    reset: (fact) => ({ reset: reset(fact.reset) }),
    'fence-signalled': (fact) => ({ fence: fence(fact.fence) }),
    released: (fact) => ({ buffer: buffer(fact.buffer) }),
    access: ({ device, address, direction, exact, at }) => ({ device, address, direction, exact, at: moment(at) }),
    gap: ({ gap: { cpu, from, to, lost, reason } }) => ({ gap: { cpu, from, to, lost, reason } }),
    ended: (_, { unreleased }) => ({ unreleased: [...unreleased].map(buffer) }),
  }
}

/** The names of those facts. */
export const SHOWN_FACTS = [
  'attached',
  'refused',
  'detached',
  'mapped',
  'unmapped',
  'invalidated',
  'restored',
  'reset',
  'fence-signalled',
  'released',
  'access',
  'gap',
  'ended',
] as const satisfies (keyof Facts)[]
