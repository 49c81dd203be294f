import { Option } from 'commander'
import { SIMULATED_LAYOUTS } from '../simulate/print/layouts.ts'

/** The flags of `simulate`. */
export function simulateFlags(): Option[] {
  return [
    new Option('--list', 'the scenarios'),
    new Option('--seed <number>', 'the same seed gives the same trace').default('1'),
    new Option('--buffers <count>', 'buffers of each device, in a storm').default('3'),
    new Option('--importers <count>', 'importers of each buffer, in a storm').default('2'),
    new Option('--devices <count>', 'exporting devices, in a storm').default('2'),
    new Option('--events <count>', 'about so many, in a storm'),
    new Option('--cpus <count>', 'CPUs of the machine').default('4'),
    new Option('--layout <name>', 'how the trace is printed').choices(Object.keys(SIMULATED_LAYOUTS)).default('ftrace'),
    new Option('--names <set>', 'whose probes: those of the recipe, or of somebody else')
      .choices(['recipe', 'btf'])
      .default('recipe'),
    new Option('--probes <kinds>', 'what is recorded: a tier, kinds of evidence, or T3,-fences').default('T3'),
    new Option('--lose <percent>', 'events that get lost').default('0%'),
    new Option('--lose-how <way>', 'in bursts with a marker, or overwritten at the beginning')
      .choices(['bursts', 'overwritten'])
      .default('bursts'),
    new Option('--disorder', 'the lines of CPUs out of step, as trace_pipe prints them'),
    new Option('--captures <count>', 'saved in several files, one after the other; with --output').default('1'),
    new Option('--truth <file>', 'write what was true'),
    new Option('-o, --output <file>', 'a file to be made, instead of stdout'),
  ]
}
