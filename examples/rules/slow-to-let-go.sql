-- A budget of one's own: whoever is told to let go of a buffer has 100 ms for it, the built-in rule late-unmap gives 1 s.
-- The time counts from the later of "importers told" and "fences drained" to the unmap's return.
--
-- severity: warning
-- summary: {importer_device} kept buffer {ino} mapped for {took_ns:span} after it had been told to let go
WITH held AS (
  SELECT
    m.*,
    max(r.notified_ns, coalesce(r.fences_ns, r.notified_ns)) AS told_ns
  FROM revocations r
  JOIN mappings m ON m.capture = r.capture AND m.ino = r.ino
    AND m.mapped_ns < r.requested_ns AND m.unmapped_ns > r.notified_ns
  -- Who has no callback was not told.
  JOIN attachments a ON a.capture = m.capture AND a.ino = m.ino AND a.attachment = m.attachment
    AND a.attached_ns <= m.mapped_ns AND coalesce(a.detached_ns >= m.unmapped_ns, TRUE)
    AND a.class NOT IN ('legacy', 'pinned')
)
SELECT
  capture,
  told_ns AS ts_ns,
  ino,
  importer_device,
  attachment,
  iova,
  unmapped_comm AS comm,
  unmapped_pid AS pid,
  unmapped_ns - told_ns AS took_ns,
  -- Had events been lost in between, an unmap or another map could be among them: then it is undetermined.
  mapped_ns AS absent_from_ns,
  unmapped_ns AS absent_to_ns,
  -- events(capture, from, to) reads that stretch of the trace only.
  (
    SELECT json_group_array(e.position)
    FROM events(held.capture, held.mapped_ns, held.unmapped_ns) AS e
    WHERE e.ino = held.ino AND (e.type IN ('map', 'invalidate', 'unmap') OR e.ts_ns = held.told_ns)
  ) AS evidence
FROM held
WHERE unmapped_ns - told_ns > 100 * 1000 * 1000
