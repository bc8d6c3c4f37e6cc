-- Version 7. Authorization codes: what accounts may give out, who asked, and what was issued.

ALTER TABLE instances ADD COLUMN authorization_due INTEGER NOT NULL DEFAULT 0;

CREATE TABLE authorization_pools (
  account INTEGER NOT NULL,
  tag TEXT NOT NULL,
  name TEXT NOT NULL,
  term TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  set_at INTEGER NOT NULL,
  by TEXT NOT NULL,
  PRIMARY KEY (account, tag)
) WITHOUT ROWID;

CREATE TABLE authorization_requests (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  instance INTEGER NOT NULL,
  type TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  counter INTEGER NOT NULL,
  mark INTEGER,
  return_code TEXT,
  account INTEGER,
  verdict TEXT NOT NULL,
  code TEXT,
  detail TEXT NOT NULL,
  flags TEXT NOT NULL,
  source INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (instance, digest)
);
CREATE INDEX authorization_requests_digest ON authorization_requests (digest);
CREATE INDEX authorization_requests_return ON authorization_requests (instance, return_code)
WHERE return_code IS NOT NULL;

CREATE TABLE authorizations (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  code TEXT NOT NULL,
  account INTEGER NOT NULL,
  document TEXT NOT NULL,
  state TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  confirmed_at INTEGER,
  ended_at INTEGER,
  return_code TEXT,
  misused_at INTEGER,
  by TEXT,
  UNIQUE (instance, epoch)
);
CREATE INDEX authorizations_account ON authorizations (account, id);
-- Those whose licences are taken from a pool.
CREATE INDEX authorizations_alive ON authorizations (account, instance)
WHERE state IN ('issued', 'confirmed');

CREATE TABLE authorized_licences (
  authorization INTEGER NOT NULL,
  tag TEXT NOT NULL,
  name TEXT NOT NULL,
  count INTEGER NOT NULL,
  term TEXT NOT NULL,
  PRIMARY KEY (authorization, tag)
) WITHOUT ROWID;
