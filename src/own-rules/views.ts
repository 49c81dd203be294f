/**
 * What a user's rule sees of the world: one read-only object for each thing, the same whenever it is shown. The fold's
 * own objects change under it and must not be changed by anybody else.
 */
import { u64 } from '../domain/recognise/pointer.ts'
import type * as World from '../domain/world/entities.ts'
import type { Fence as WorldFence } from '../domain/world/fence.ts'
import type { Attachment, Buffer, Fence, Mapping, Moment, Reset, Revocation } from './rule-api.ts'

export interface Views {
  buffer(entity: World.Buffer): Buffer
  attachment(entity: World.Attachment): Attachment
  mapping(entity: World.Mapping): Mapping
  revocation(entity: World.Revocation): Revocation
  reset(entity: World.Reset): Reset
  fence(entity: WorldFence): Fence
  /** What a view shows; undefined for anything else. */
  entityOf(view: unknown): object | undefined
}

type Getters<Entity, View> = { [K in keyof View]: (entity: Entity) => View[K] }

export function createViews(): Views {
  const views = new WeakMap<object, object>()
  const entities = new WeakMap<object, object>()

  function kind<Entity extends object, View extends object>(getters: Getters<Entity, View>): (entity: Entity) => View {
    const prototype = {}
    for (const [name, get] of Object.entries(getters) as [string, (entity: Entity) => unknown][])
      Object.defineProperty(prototype, name, {
        enumerable: true,
        get(this: object) {
          return get(entities.get(this) as Entity)
        },
      })
    return (entity) => {
      const known = views.get(entity)
      if (known) return known as View
      const view = Object.freeze(Object.create(prototype)) as View
      views.set(entity, view)
      entities.set(view, entity)
      return view
    }
  }

  const all: Views = {
    buffer: kind<World.Buffer, Buffer>({
      ino: ({ ino }) => u64(ino),
      exporter: ({ exporter }) => exporter,
      exporterDevice: ({ exporterDevice }) => exporterDevice,
      size: ({ size }) => u64(size),
      state: ({ state }) => state,
      exported: ({ exported }) => moment(exported),
      released: ({ released }) => moment(released),
      revocation: ({ revocation }) => revocation && all.revocation(revocation),
      attachments: ({ attachments }) => [...attachments].map(all.attachment),
      mappings: ({ mappings }) => [...mappings].map(all.mapping),
    }),
    attachment: kind<World.Attachment, Attachment>({
      buffer: ({ buffer }) => buffer && all.buffer(buffer),
      device: ({ device }) => device,
      class: (attachment) => attachment.class,
      basis: ({ basis }) => basis,
      callback: ({ callback }) => callback,
      p2p: ({ p2p }) => p2p,
      deferred: ({ deferred }) => deferred,
      pinned: ({ pinned }) => pinned,
      attached: ({ attached }) => moment(attached),
      detached: ({ detached }) => moment(detached),
      refusedErrno: ({ refusedErrno }) => refusedErrno,
      mappings: ({ mappings }) => [...mappings].map(all.mapping),
    }),
    mapping: kind<World.Mapping, Mapping>({
      buffer: ({ buffer }) => buffer && all.buffer(buffer),
      attachment: ({ attachment }) => attachment && all.attachment(attachment),
      iova: ({ iova }) => iova,
      length: ({ length }) => length,
      direction: ({ direction }) => direction,
      mapped: ({ mapped }) => moment(mapped),
      unmapped: ({ unmapped }) => moment(unmapped),
      unmappedComm: ({ unmappedComm }) => unmappedComm,
      unmappedPid: ({ unmappedPid }) => unmappedPid,
      endedBy: ({ endedBy }) => endedBy,
      invalidated: ({ invalidated }) => moment(invalidated),
      revocation: ({ revocation }) => revocation && all.revocation(revocation),
    }),
    revocation: kind<World.Revocation, Revocation>({
      buffer: ({ buffer }) => all.buffer(buffer),
      cause: ({ cause }) => cause,
      requested: ({ requested }) => moment(requested),
      notified: ({ notified }) => moment(notified),
      fences: ({ fences }) => moment(fences),
      completed: ({ completed }) => moment(completed),
      restored: ({ restored }) => moment(restored),
      permanent: ({ permanent }) => permanent,
      pending: ({ pending }) => [...pending].map(all.mapping),
    }),
    reset: kind<World.Reset, Reset>({
      device: ({ device }) => device,
      method: ({ method }) => method,
      trigger: ({ trigger }) => trigger,
      first: ({ first }) => moment(first),
      touched: ({ touched }) => moment(touched),
      finished: ({ finished }) => moment(finished),
      result: ({ result }) => result,
      buffers: ({ buffers }) => [...buffers].map(all.buffer),
      live: ({ live }) => [...live].map(all.mapping),
    }),
    fence: kind<WorldFence, Fence>({
      buffer: ({ buffer }) => all.buffer(buffer),
      added: ({ added }) => moment(added),
      signalled: ({ signalled }) => moment(signalled),
      awaited: ({ awaited }) => awaited,
    }),
    entityOf: (view) => (typeof view === 'object' && view !== null ? entities.get(view) : undefined),
  }
  return all
}

/** A sighting is shown as a copy: those of the world are shared. */
export function moment(sighting: World.Sighting): Moment
export function moment(sighting: World.Sighting | null): Moment | null
export function moment(sighting: World.Sighting | null): Moment | null {
  return sighting && Object.freeze({ ns: sighting.ns, seq: sighting.seq })
}
