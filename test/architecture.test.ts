import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'ingest', 'queries', 'migrations']

interface SourceFile {
  path: string
  lines: number
  /** Files of the project, from its root. */
  own: string[]
  packages: string[]
}

const IMPORT = /(?:\bfrom\s+|\bimport\(\s*|\bimport\s+)'([^']+)'/g

const files: SourceFile[] = FOLDERS.flatMap((folder) =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(folder, name)
      const text = readFileSync(join(ROOT, path), 'utf8')
      const imports = [...text.matchAll(IMPORT)].map((match) => match[1]!)
      const own = imports.filter((target) => target.startsWith('.'))
      return {
        path,
        lines: text.split('\n').length - 1,
        own: own.map((target) => relative(ROOT, join(ROOT, dirname(path), target))),
        packages: imports.filter((target) => !target.startsWith('.')),
      }
    }),
)

/** What each layer may import from, besides itself: file or folder prefixes. */
const MAY_IMPORT: Record<string, string[]> = {
  'src/domain/': [],
  'ingest/': ['src/domain/'],
  'migrations/': [],
  'src/log/': ['src/domain/', 'migrations/'],
  'src/projection/': ['src/domain/', 'src/log/'],
  'queries/': ['src/domain/', 'src/log/', 'src/projection/meaning-codec.ts'],
  'src/evidence/': ['src/domain/', 'src/log/'],
  'src/own-rules/': ['queries/', 'src/log/', 'src/domain/', 'src/projection/'],
  'src/arrow/': ['queries/'],
  'src/output/': ['queries/'],
  'src/diff/': ['src/domain/'],
  'src/record/': ['src/domain/'],
  'src/redact/': ['ingest/', 'src/domain/'],
  'src/simulate/': ['src/domain/'],
  'src/http/': [
    'queries/',
    'src/arrow/',
    'src/output/',
    'src/own-rules/',
    'src/log/',
    'src/domain/',
    'src/evidence/',
    'src/projection/state/',
  ],
  'src/cli/': [
    'queries/',
    'ingest/',
    'src/arrow/',
    'src/output/',
    'src/log/',
    'src/domain/',
    'src/projection/',
    'src/diff/',
    'src/record/',
    'src/redact/',
    'src/evidence/',
    'src/own-rules/',
    'src/simulate/',
    'src/http/app.ts',
  ],
}

function layerOf(path: string): string {
  const layer = Object.keys(MAY_IMPORT).find((prefix) => path.startsWith(prefix))
  if (layer === undefined) throw new Error(`${path} is in no layer: name its folder in MAY_IMPORT`)
  return layer
}

describe('imports run one way', () => {
  test('files were found, and their imports', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(files.flatMap(({ own }) => own).length).toBeGreaterThan(200)
  })

  for (const layer of Object.keys(MAY_IMPORT)) {
    test(`${layer} imports only ${['itself', ...MAY_IMPORT[layer]!].join(', ')}`, () => {
      const allowed = [layer, ...MAY_IMPORT[layer]!]
      const wrong = files
        .filter(({ path }) => layerOf(path) === layer)
        .flatMap(({ path, own }) =>
          own
            .filter((target) => !allowed.some((prefix) => target.startsWith(prefix)))
            .map((target) => `${path} → ${target}`),
        )
      expect(wrong).toEqual([])
    })
  }

  test('nothing imports the command line', () => {
    const importers = files.filter(
      ({ path, own }) => !path.startsWith('src/cli/') && own.some((t) => t.startsWith('src/cli/')),
    )
    expect(importers.map(({ path }) => path)).toEqual([])
  })

  test('only serve, of the command line, knows HTTP', () => {
    const importers = files.filter(
      ({ path, own }) => path.startsWith('src/cli/') && own.some((t) => t.startsWith('src/http/')),
    )
    expect(importers.map(({ path }) => path)).toEqual(['src/cli/serve.ts'])
  })

  test('the domain uses no package but zod, and that only where users declare events', () => {
    const used = files
      .filter(({ path, packages }) => path.startsWith('src/domain/') && packages.length > 0)
      .map(({ path, packages }) => [path, packages])
    expect(used).toEqual([['src/domain/recognise/user-recogniser.ts', ['zod']]])
  })

  test('HTTP and the web know nothing of the process: no console, no exit', () => {
    const wrong = files
      .filter(({ path }) => !path.startsWith('src/cli/'))
      .filter(({ path }) => /\bconsole\.\w+\(|\bprocess\.exit\(/.test(readFileSync(join(ROOT, path), 'utf8')))
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})

describe('files hold one idea', () => {
  test('half of them are shorter than 90 lines', () => {
    const lengths = files.map(({ lines }) => lines).sort((a, b) => a - b)
    expect(lengths[lengths.length >> 1]).toBeLessThanOrEqual(90)
  })

  test('very few are over 250 lines, none over 360', () => {
    const long = files.filter(({ lines }) => lines > 250)
    expect(long.length, long.map(({ path, lines }) => `${path} ${lines}`).join(', ')).toBeLessThanOrEqual(6)
    expect(files.filter(({ lines }) => lines > 360).map(({ path }) => path)).toEqual([])
  })
})
