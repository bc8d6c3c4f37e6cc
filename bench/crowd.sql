-- What a ledger knows of product instances that reported once each: projections, and an answer.
-- The numbers of those that are to be made stand in the table n.

-- Serials spread over all there can be, as those of the devices that report: one after another
-- they would all lie in the same pages of the index. The factor has no divisor with 10^12.
INSERT INTO instances (id, pid, serial, home, account, verified, generation, first_seen_at,
  last_report_at, software_version)
SELECT i, :pid, printf('GGR%012d', i * 618033988749 % 1000000000000), 0,
  :account, 1, 1,
  :day, :now, '17.12.01' FROM n;

INSERT INTO memberships SELECT i, :account FROM n;

INSERT INTO lives (id, instance, incarnation, first_closed, last_closed, first_measured,
  last_measured, began)
SELECT i, i, lower(hex(randomblob(16))), :day, :now, :day, :now, 1 FROM n;

INSERT INTO timelines (id, instance, tag, origin, observed_until, shown_at, in_use, count_seconds,
  last_start, last_end, last_count)
SELECT i, i, :tag, '', :now, :now, 1, :now - :day, :day, :now, 1 FROM n;

INSERT INTO instance_usage SELECT i, :tag, 1 FROM n;

INSERT INTO trust_requests (digest, instance, incarnation, counter, account, verdict, detail,
  flags, received_at)
SELECT lower(hex(randomblob(32))), i, lower(hex(randomblob(16))), 1, :account, 'accepted', '', '',
  :day FROM n;

INSERT INTO trust_codes (instance, generation, key, digest, incarnation, issued_at, first_used)
SELECT i, 1, lower(hex(randomblob(32))), lower(hex(randomblob(32))), lower(hex(randomblob(16))),
  :day, :day FROM n;

INSERT INTO reports (digest, instance, source, account, tag, life, report_id, verdict, detail,
  flags, received_at, start, "end", pipes, origin, claims, settles)
SELECT lower(hex(randomblob(32))), i, 0, :account, :tag, i, 1, 'accepted', '', '', :now, :day,
  :now, 'smart', '', '[]', :now FROM n;

INSERT INTO documents (digest, type, version, answers, body)
SELECT randomblob(32), 'ack', 1, randomblob(32), randomblob(400) FROM n;
