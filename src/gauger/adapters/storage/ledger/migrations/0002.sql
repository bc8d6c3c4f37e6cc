-- Version 2. When people were told of a missing report.

ALTER TABLE gaps ADD COLUMN alerted_at INTEGER;
CREATE INDEX gaps_untold ON gaps (since) WHERE closed_at IS NULL AND alerted_at IS NULL;
