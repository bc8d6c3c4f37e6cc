-- Version 5. Since when people know that a product instance has fallen silent.

ALTER TABLE instances ADD COLUMN silent_since INTEGER;
-- Of the few that are silent only: a report that comes in time pays nothing for these.
CREATE INDEX instances_silent ON instances (id) WHERE silent_since IS NOT NULL;
CREATE INDEX instances_account_silent ON instances (account, id) WHERE silent_since IS NOT NULL;
