import { describe, expect, test } from 'vitest'
import { FUNCTIONS } from '../../src/domain/recognise/functions.ts'
import { TRACEPOINT_TYPES } from '../../src/domain/recognise/tracepoints.ts'
import { RECIPES } from '../../src/record/recipes.ts'
import { defaultPlan } from '../docs/recording-parts.ts'
import { recognised } from '../support/recognised.ts'

const script = RECIPES.bpftrace.write(defaultPlan('7.3'))
const calls = [...script.matchAll(/^(kprobe|kretprobe|tracepoint):(\S+)\n\{\n((?: {2}.*\n)*)\}/gm)].flatMap(
  ([, kind, target, body]) => {
    const call = /printf\("((?:[^"\\]|\\.)*)", (.*)\);$/m.exec(body!)
    return call ? [{ kind: kind!, target: target!, format: call[1]!, values: call[2]!, body: body! }] : []
  },
)

/** What printf makes of a format, with values of each kind as the kernel has them. */
function printed(format: string): string {
  const values: Record<string, string> = {
    llu: '7',
    lld: '-19',
    d: '2',
    u: '5',
    s: 'vfio_pci_core',
    llx: 'ff36d700c2331e00',
    x: '1',
  }
  return JSON.parse(`"${format}"`).replace(
    /%(?:0\d+)?(llu|lld|llx|d|u|s|x)/g,
    (_: string, type: string) => values[type]!,
  )
}

/** Commas outside parentheses. */
function countOf(values: string): number {
  let [depth, count] = [0, 1]
  for (const char of values) {
    if (char === '(' || char === '[') depth++
    if (char === ')' || char === ']') depth--
    if (char === ',' && depth === 0) count++
  }
  return count
}

describe('the bpftrace recipe', () => {
  test('prints an event for each probe of the set', () => {
    expect(calls.length).toBeGreaterThan(35)
    expect(new Set(calls.map(({ target }) => target))).toContain('vfio_pci_dma_buf_move')
    expect(script).not.toContain('move_notify')
    expect(RECIPES.bpftrace.write(defaultPlan('6.12'))).toContain('->move_notify')
  })

  test.each(calls)('$kind $target: a JSON object whose data means what it is', ({ kind, target, format, values }) => {
    const line = printed(format)
    expect(line.endsWith('\n')).toBe(true)
    const object = JSON.parse(line) as Record<string, unknown>
    expect(Object.keys(object)).toEqual(['ts_ns', 'cpu', 'pid', 'tgid', 'comm', 'event', 'data'])
    const act = recognised(object.event as string, object.data as string)
    const name = target.split(':').at(-1)!
    const type = kind === 'tracepoint' ? TRACEPOINT_TYPES.get(name) : FUNCTIONS.get(name)?.type
    expect(type).toBeDefined()
    expect(act).toMatchObject({ type, point: { kprobe: 'entry', kretprobe: 'return', tracepoint: 'event' }[kind] })
    // printf has a value for each place, or bpftrace refuses the script.
    expect(countOf(values)).toBe(format.match(/%(?:0\d+)?(?:llu|lld|llx|[dusx])/g)!.length)
  })

  test('what a return prints was kept at the entry of that very function, and is let go', () => {
    const returns = calls.filter(({ kind }) => kind === 'kretprobe')
    expect(returns.length).toBeGreaterThan(10)
    for (const { target, body } of returns) {
      const used = new Set(body.match(/@\w+(?=\[tid\])/g))
      const entries = [...script.matchAll(new RegExp(`^kprobe:${target}\\n\\{\\n((?: {2}.*\\n)*)\\}`, 'gm'))].join('\n')
      for (const map of used) {
        expect(entries, target).toContain(`${map}[tid] = `)
        expect(body).toContain(`delete(${map}[tid]);`)
        expect(script).toContain(`clear(${map});`)
      }
    }
  })

  test('has no clocks but its own, and says where tracefs does better', () => {
    const plan = defaultPlan('7.3')
    expect(RECIPES.bpftrace.refuses({ ...plan, clock: 'tai' })).toContain('mono and boot')
    expect(RECIPES.bpftrace.refuses({ ...plan, tier: 'T1' })).toContain('--as shell')
    expect(RECIPES.bpftrace.refuses(plan)).toBeNull()
    expect(RECIPES.bpftrace.write({ ...plan, clock: 'boot' })).toContain('nsecs(boot), cpu')
    expect(RECIPES.bpftrace.write({ ...plan, tier: 'T2' })).not.toContain('tracepoint:')
  })
})
