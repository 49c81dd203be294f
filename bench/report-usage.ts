/** Preloaded into a measured process (`node --import`): says on exit what it used, as one JSON line on stderr. */
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  process.stderr.write(
    `${JSON.stringify({ peakMegabytes: Math.round(maxRSS / 1024), cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000) })}\n`,
  )
})
