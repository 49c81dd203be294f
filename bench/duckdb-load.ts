/**
 * Yardstick: DuckDB loads the same trace into one table with a regular expression, on two threads, and checkpoints.
 * Needs `npm install --no-save @duckdb/node-api@1.5.6-r.1`. Prints milliseconds.
 */
const [trace, database] = process.argv.slice(2)
const name = '@duckdb/node-api'
const { DuckDBInstance } = await import(name)
const started = performance.now()
const instance = await DuckDBInstance.create(database, { threads: '2' })
const connection = await instance.connect()
await connection.run(`
  CREATE TABLE event AS
  SELECT m.comm, m.pid::INTEGER AS pid, m.cpu::INTEGER AS cpu, m.flags, m.ts::DOUBLE AS ts, m.name, m.args
  FROM (
    SELECT regexp_extract(line, '^ *(.*)-([0-9]+) +\\[([0-9]+)\\] ([^ ]+) +([0-9]+\\.[0-9]+): ([^ :]+): (.*)$',
      ['comm', 'pid', 'cpu', 'flags', 'ts', 'name', 'args']) AS m
    FROM read_csv('${trace}', columns = {'line': 'VARCHAR'}, delim = '\u0001', quote = '', escape = '',
      header = false, auto_detect = false)
    WHERE line NOT LIKE '#%'
  )`)
await connection.run('CHECKPOINT')
console.log(JSON.stringify({ ms: Math.round(performance.now() - started) }))
