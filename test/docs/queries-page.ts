import { QUERIES } from '../../queries/index.ts'

/** docs/queries.md, as the list of queries has it. */
export function queriesPage(): string {
  const parts = [
    '# Named queries',
    "`revenant query <name>` on the command line, `GET /v1/<name>` over HTTP: the same parameters, the same columns. In JSON and CSV, 64-bit integers (`int64`, `uint64`) are decimal strings; pointers are `0x…` strings everywhere. Unknown is null, never 0.\nTimes are nanoseconds of the capture's own clock.",
    'This page is made from `queries/`: after a change there, `npx vitest run test/docs -u` brings it up to date.',
  ]
  for (const { name, summary, parameters, columns, example } of QUERIES) {
    const given = Object.entries(example).map(([parameter, text]) => ` -p ${parameter}=${text}`)
    parts.push(`## ${name}`, `${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    parts.push(`\`\`\`text\nrevenant query ${name}${given.join('')}\n\`\`\``)
    parts.push(
      table(
        ['parameter', ''],
        Object.entries(parameters).map(([key, schema]) => [`\`${key}\``, schema.description ?? '']),
      ),
    )
    parts.push(
      table(
        ['column', 'type', ''],
        columns.map(({ name: column, type, doc, nullable }) => [
          `\`${column}\``,
          `${type}${nullable ? ', may be null' : ''}`,
          doc,
        ]),
      ),
    )
  }
  return `${parts.join('\n\n')}\n`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
