-- Version 3. When a store was alive: by what it measured, and by the pages that it knew of.

ALTER TABLE lives ADD COLUMN first_measured INTEGER;
ALTER TABLE lives ADD COLUMN last_measured INTEGER;
ALTER TABLE lives ADD COLUMN began INTEGER;
ALTER TABLE lives ADD COLUMN head_page INTEGER;
UPDATE lives SET (first_measured, last_measured, began) =
  (SELECT min(r.start), max(r."end"), min(r.source) >> 20 FROM reports r
   WHERE r.instance = lives.instance AND r.life = lives.id);
