/** The kill suite in one script, so that it can be evaluated again for each mutant of what runs while it loads. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { ROOT } from './mutants.ts'

/** Tests that a mutant must be killed by: all that judge the domain in memory. */
const SUITE = [
  'test/domain/**/*.test.ts',
  'test/scenarios/*.test.ts',
  'test/golden/*.test.ts',
  'test/docs/importers.test.ts',
]

/** Left out: it reads the sources as text; and those that fold each real trace dozens of times. */
const NOT_RUN = /domain\/purity|golden\/(?:metamorphic|cut-lines|printers|totals|unknown-threads)/

/** Traces are parsed once for all mutants. */
const PARSED = join(ROOT, 'test/support/parsed.ts')
const PARSED_ONCE = join(ROOT, 'test/mutation/parsed-once.ts')

const ENTRY = 'kill-suite'

/** A script in CommonJS's terms, with `sources` in place of the files of those paths, and the tests below `folder`. */
export async function bundleSuite(sources: ReadonlyMap<string, string>, folder: string): Promise<string> {
  const files = globSync(SUITE, { cwd: ROOT }).filter((path) => path.startsWith(folder) && !NOT_RUN.test(path))
  const bundle = await rolldown({
    input: ENTRY,
    platform: 'node',
    external: [/^node:/, /^[a-z@][^:]*$/],
    treeshake: false,
    plugins: [
      {
        name: 'mutants',
        resolveId: (id) => (id === ENTRY ? id : null),
        load(id) {
          if (id === ENTRY)
            return files
              .sort()
              .map((path) => `import ${JSON.stringify(join(ROOT, path))}\n`)
              .join('')
          if (!id.endsWith('.ts')) return null
          const code = sources.get(id) ?? readFileSync(id === PARSED ? PARSED_ONCE : id, 'utf8')
          return { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), moduleType: 'ts' }
        },
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'cjs' })
  return output[0].code
}
