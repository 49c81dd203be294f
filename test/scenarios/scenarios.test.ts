import { judgeAll } from './case.ts'
import { edges } from './edges.cases.ts'
import { importers } from './importers.cases.ts'
import { moduleExporter } from './module-exporter.cases.ts'
import { vfio } from './vfio.cases.ts'

judgeAll('an exporter module', moduleExporter)
judgeAll('vfio-pci', vfio)
judgeAll('importers', importers)
judgeAll('edges', edges)
