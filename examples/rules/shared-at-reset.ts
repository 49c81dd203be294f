import { defineRule, type Mapping } from 'revenant/rules'

/**
 * Two importers or more had one buffer mapped when its exporter was reset. `reset-while-mapped` speaks of each alone;
 * this one tells that they shared it, so that a fix in one of their drivers would not have been enough.
 */
export default defineRule({
  severity: 'error',
  on: {
    reset({ reset }, report) {
      if (!reset.touched) return
      for (const buffer of reset.buffers) {
        const mappings = reset.live.filter((mapping) => mapping.buffer === buffer)
        const importers = new Set(mappings.map(({ attachment }) => attachment))
        if (importers.size < 2) continue
        const names = [...new Set([...importers].map((importer) => importer?.device ?? 'unknown'))].sort()
        report({
          at: reset.touched,
          buffer,
          reset,
          evidence: [...mappings.map(({ mapped }) => mapped), reset.touched],
          // That they were still mapped rests on no unmap having been missed since the first map.
          absent: { from: firstMapped(mappings), to: reset.touched },
          needs: [['unmap']],
          summary: `${importers.size} importers (${names.join(', ')}) had buffer ${buffer.ino} mapped during the reset`,
        })
      }
    },
  },
})

/** Null, the beginning of the trace, where one of them is older than the trace. */
function firstMapped(mappings: readonly Mapping[]) {
  const moments = mappings.map(({ mapped }) => mapped)
  return moments.reduce((first, one) => (first && one && one.seq < first.seq ? one : one && first))
}
