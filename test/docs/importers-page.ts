import { EXPORTERS } from '../../src/domain/exporters.ts'
import { IMPORTERS } from '../../src/domain/importer-table.ts'
import type { KernelRange } from '../../src/domain/kernel-version.ts'

/** docs/importers.md, as the tables of importers and exporters have it. */
export function importersPage(): string {
  return `${[
    '# Importers and exporters',
    'Who imports and who exports in Linux 7.3, and what each can do about a revoke. The fold reads these tables: by them it knows a callback, an attach of which only the caller shows, and which exporters revoke.',
    'This page is made from `src/domain/importer-table.ts` and `src/domain/exporters.ts`: after a change there, `npx vitest run test/docs -u` brings it up to date.',
    '## How a class is known',
    BASES,
    '## Importers',
    '`attaches`: functions that call attach, as a return probe shows them; where it shows another function of the module, the module tells as long as it has one kind of importer. "deferred": its callback only stops access, the unmap comes later. P2P: it takes peer-to-peer memory.',
    table(
      ['importer', 'class', 'P2P', 'callback', 'module', 'attaches', 'known by', 'kernels', 'source', ''],
      IMPORTERS.map((importer) => [
        importer.name,
        `${importer.class}${importer.deferred ? ', deferred' : ''}`,
        importer.p2p ? 'yes' : 'no',
        code(importer.callback),
        code(importer.module),
        importer.attaches.map(code).join(', '),
        basis(importer),
        range(importer),
        code(importer.source),
        importer.remark,
      ]),
    ),
    '## Exporters',
    'Known by `exp_name`. "transient": takes its memory back and may give it again; "permanent": once and for good; "move": only moves it; "never": neither. Any other exporter revokes where it is seen to: it invalidates, and then its device is reset.',
    table(
      ['exp_name', 'revokes', 'invalidates', 'pin', 'refuses pins', 'module', 'source', ''],
      EXPORTERS.map((exporter) => [
        exporter.names.map(code).join(', '),
        exporter.revokes,
        exporter.invalidates ? 'yes' : 'no',
        exporter.pin ? 'yes' : 'no',
        exporter.refusesPin ? `${range(exporter.refusesPin)}, with EOPNOTSUPP` : '',
        code(exporter.module),
        code(exporter.source),
        exporter.remark,
      ]),
    ),
  ].join('\n\n')}\n`
}

const BASES = `| basis | from |
| --- | --- |
| observed | the importer was seen to unmap when it was told |
| declared | a probe shows its ops and callback; or that it has none: \`ops=0x0\`, \`is_dynamic=0\`, \`dma_buf_attach()\` |
| inferred | this table, by the device's name or by the function or module that attached |
| unknown | nothing of these: \`is_dynamic=1\` says only that there are ops, not that they have a callback |

The stronger one stands. An unlisted callback is \`pinned-revocable\` while it is pinned and mapped, else \`dynamic\`.`

function basis({ callback, device, attaches, shared, class: importer }: (typeof IMPORTERS)[number]): string {
  return [
    ...(device === null ? [] : [`the device \`${device}\``]),
    ...(callback === null ? [] : ['its callback']),
    ...(importer === 'legacy' ? ['no ops'] : []),
    ...(importer === 'pinned' && callback === null ? ['ops without a callback'] : []),
    ...(attaches.length > 0 && !shared ? ['the caller'] : []),
  ].join(', ')
}

function range({ since, until }: KernelRange): string {
  if (since === null && until === null) return 'all'
  if (until === null) return `since ${since}`
  return since === null ? `before ${until}` : `${since} to before ${until}`
}

const code = (text: string | null) => (text === null ? '' : `\`${text}\``)

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
