/** The simulator prints what the kernel prints: each of its lines has a real one of the same form. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SCENARIO_NAMES } from '../../src/simulate/scenarios/index.ts'
import { SIMULATION_DEFAULTS, simulate } from '../../src/simulate/simulate.ts'

const REAL = new URL('../fixtures/traces/kernel-7.3/', import.meta.url)
const LINE = /^.{16}-\d{1,7} +\[\d{3}\] \S{5} +\d+\.\d{6}: ([^:]+): (.*)$/

/** Values out, form kept: names of events, functions and fields, quotes, blanks and the order of it all. */
function formOf(event: string, payload: string): string {
  const form = payload
    .replace(/^\(\S+( \[\w+\])? <- (\w+)\)/, '(CALLER <- $2)')
    .replace(/^\((\w+)\+0x[0-9a-f]+\/0x[0-9a-f]+( \[\w+\])?\)/, '($1+OFFSET)')
    .replace(/\b(opsym|inv)=(?:\S+\+0x\S+(?: \[\w+\])?|0x0)/g, '$1=SYMBOL')
    .replace(/"[^"]*"/g, '"TEXT"')
    .replace(/\b0x[0-9a-f]+/g, '0xHEX')
    .replace(/attachment:[0-9a-f]{16}/, 'attachment:HEX')
    .replace(/\b(exp_name|dev_name|driver|timeline)=\S+/g, '$1=NAME')
    .replace(/^\d{4}:\S+ dir=/, 'DEVICE dir=')
    .replace(/=-?\d+/g, '=N')
    .replace(/nents=N\/\d+ ents=N\/\d+/, 'nents=N/N ents=N/N')
  return `${event}: ${form}`
}

function forms(lines: readonly string[]): Map<string, string> {
  const all = new Map<string, string>()
  for (const line of lines) {
    const found = LINE.exec(line)
    if (found && found[1] !== 'console' && found[1] !== 'tracing_mark_write')
      all.set(formOf(found[1]!, found[2]!), line)
  }
  return all
}

const eventOf = (form: string) => form.slice(0, form.indexOf(':'))

const real = forms(
  readdirSync(REAL)
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => readFileSync(new URL(name, REAL), 'latin1').split('\n')),
)
const simulated = forms(
  SCENARIO_NAMES.flatMap((scenario) => simulate({ ...SIMULATION_DEFAULTS, scenario, seed: 1 }).lines),
)

/** What none of the recorded incidents came by. */
const NOT_RECORDED = [
  ...['pcirst_af', 'pcirst_pm', 'pcirst_sbr', 'pcirst_sbr_ret', 'pcirst_bus', 'pcirst_bus_ret'],
  ...['aer_event', 'pci_hp_event', 'sched_process_exit', 'sched_process_hang', 'sched_switch'],
]

describe('simulated lines', () => {
  it('are many, and so are the real ones', () => {
    expect(simulated.size).toBeGreaterThan(35)
    expect(real.size).toBeGreaterThan(35)
  })

  it('have a real one of the same form each', () => {
    const unlike = [...simulated].filter(([form]) => !real.has(form) && !NOT_RECORDED.includes(eventOf(form)))
    expect(unlike.map(([form, line]) => `${form}\n${line}`)).toEqual([])
  })

  it('are of events that the recorded incidents have', () => {
    const events = new Set([...real.keys()].map(eventOf))
    const unknown = new Set([...simulated.keys()].map(eventOf).filter((event) => !events.has(event)))
    expect([...unknown].sort()).toEqual([...NOT_RECORDED].sort())
  })
})
