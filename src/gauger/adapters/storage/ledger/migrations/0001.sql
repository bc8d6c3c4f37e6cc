-- Version 1. What is proven: rows, heads, leaves, documents. What follows: projections.

-- id = page << 20 | place. The body is text, or zlib where it is long.
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE signers (key TEXT PRIMARY KEY, chain BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE heads (
  page INTEGER PRIMARY KEY,
  body TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,
  signer TEXT NOT NULL,
  signature BLOB
);
CREATE TRIGGER heads_no_delete BEFORE DELETE ON heads
BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;
CREATE TRIGGER heads_no_update BEFORE UPDATE OF page, body, digest, signer ON heads
BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;
CREATE TRIGGER heads_signed_once BEFORE UPDATE OF signature ON heads
WHEN old.signature IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a head is signed once'); END;

CREATE TABLE nodes (
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, place)
) WITHOUT ROWID;

-- The frozen bodies of everything that was answered.
CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  type TEXT NOT NULL,
  version INTEGER NOT NULL,
  answers BLOB,
  body BLOB NOT NULL
);
CREATE INDEX documents_answers ON documents (answers, id) WHERE answers IS NOT NULL;

-- id = page << 20 | index. Leaf 0 has no document: it is the digest of the page's rows.
CREATE TABLE leaves (
  id INTEGER PRIMARY KEY,
  document INTEGER,
  salt BLOB NOT NULL,
  hash BLOB NOT NULL
);
CREATE INDEX leaves_document ON leaves (document, id) WHERE document IS NOT NULL;

-- What a restore leaves for the next start; no projection.
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Projections: each of them can be made again from the rows alone.
CREATE TABLE state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

CREATE TABLE abandoned (digest TEXT PRIMARY KEY, page INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE root_sets (number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, document TEXT NOT NULL);

CREATE TABLE manufacturers (
  name TEXT PRIMARY KEY,
  file TEXT NOT NULL,
  imported_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE smart_accounts (
  domain TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  virtual_accounts INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  domain TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  instances INTEGER NOT NULL DEFAULT 0,
  count_unverified INTEGER NOT NULL DEFAULT 0,
  UNIQUE (domain, name)
);

CREATE TABLE tokens (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  account INTEGER NOT NULL,
  hint TEXT NOT NULL,
  description TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  uses INTEGER,
  used INTEGER NOT NULL DEFAULT 0,
  export_controlled INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0,
  by TEXT NOT NULL
);
CREATE INDEX tokens_account ON tokens (account, id);

CREATE TABLE tags (
  id INTEGER PRIMARY KEY,
  tag TEXT NOT NULL UNIQUE,
  name TEXT
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  number TEXT NOT NULL UNIQUE,
  deposited_at INTEGER NOT NULL,
  by TEXT NOT NULL
);
CREATE INDEX orders_account ON orders (account, id);

CREATE TABLE order_lines (
  id INTEGER PRIMARY KEY,
  deposit INTEGER NOT NULL,
  account INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  name TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  term TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER
);
CREATE INDEX order_lines_account ON order_lines (account, tag);
CREATE INDEX order_lines_deposit ON order_lines (deposit);

CREATE TABLE order_devices (
  deposit INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  PRIMARY KEY (deposit, instance)
) WITHOUT ROWID;
CREATE INDEX order_devices_instance ON order_devices (instance);

-- The assignment in force for each scope: '' for all, a domain, or domain/name.
CREATE TABLE policies (
  scope TEXT PRIMARY KEY,
  assignment INTEGER NOT NULL,
  name TEXT NOT NULL,
  ack_required INTEGER NOT NULL,
  rules TEXT NOT NULL,
  assigned_at INTEGER NOT NULL,
  by TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE policy_documents (
  account INTEGER PRIMARY KEY,
  assignment INTEGER NOT NULL,
  root_epoch INTEGER NOT NULL,
  ledger_epoch INTEGER NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL
);

-- home is 0 for what verified; an account for what only claims to be this product instance.
CREATE TABLE instances (
  id INTEGER PRIMARY KEY,
  pid TEXT NOT NULL,
  serial TEXT NOT NULL,
  home INTEGER NOT NULL,
  account INTEGER,
  provisional INTEGER NOT NULL DEFAULT 0,
  verified INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  first_seen_at INTEGER NOT NULL,
  last_report_at INTEGER,
  software_version TEXT,
  root_number INTEGER NOT NULL DEFAULT 1,
  members TEXT NOT NULL DEFAULT '',
  flags TEXT NOT NULL DEFAULT '',
  gaps INTEGER NOT NULL DEFAULT 0,
  missed INTEGER NOT NULL DEFAULT 0,
  cases INTEGER NOT NULL DEFAULT 0,
  late INTEGER NOT NULL DEFAULT 0,
  purchase_due INTEGER NOT NULL DEFAULT 0,
  UNIQUE (serial, pid, home)
);
CREATE INDEX instances_account ON instances (account, id);
CREATE INDEX instances_pid ON instances (pid, id);

CREATE TABLE memberships (
  instance INTEGER NOT NULL,
  account INTEGER NOT NULL,
  PRIMARY KEY (instance, account)
) WITHOUT ROWID;

CREATE TABLE instance_documents (
  instance INTEGER NOT NULL,
  type TEXT NOT NULL,
  account INTEGER NOT NULL,
  root_epoch INTEGER NOT NULL,
  ledger_epoch INTEGER NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (instance, type)
) WITHOUT ROWID;

CREATE TABLE lives (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  first_closed INTEGER NOT NULL,
  last_closed INTEGER NOT NULL,
  UNIQUE (instance, incarnation)
);

-- A timeline is the usage of one licence on one product instance; one of a clock that was never
-- set belongs to one boot of one incarnation (origin), all others have the origin ''.
CREATE TABLE timelines (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  origin TEXT NOT NULL,
  observed_until INTEGER NOT NULL,
  shown_at INTEGER NOT NULL,
  in_use INTEGER NOT NULL,
  count_seconds INTEGER NOT NULL,
  last_start INTEGER,
  last_end INTEGER,
  last_count INTEGER,
  UNIQUE (instance, tag, origin)
);

CREATE TABLE segments (
  timeline INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  start INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (timeline, "end")
) WITHOUT ROWID;

CREATE TABLE instance_usage (
  instance INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  in_use INTEGER NOT NULL,
  PRIMARY KEY (instance, tag)
) WITHOUT ROWID;

CREATE TABLE account_usage (
  account INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  verified INTEGER NOT NULL,
  in_use INTEGER NOT NULL,
  PRIMARY KEY (account, tag, verified)
) WITHOUT ROWID;

CREATE TABLE reports (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  instance INTEGER NOT NULL,
  source INTEGER NOT NULL,
  account INTEGER,
  tag INTEGER NOT NULL,
  life INTEGER,
  previous TEXT,
  report_id INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  code TEXT,
  detail TEXT NOT NULL,
  flags TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  start INTEGER,
  "end" INTEGER,
  until INTEGER,
  "case" INTEGER,
  decided_by TEXT,
  pipes TEXT NOT NULL,
  origin TEXT NOT NULL,
  claims TEXT NOT NULL,
  settles INTEGER,
  UNIQUE (instance, digest)
);
CREATE INDEX reports_place ON reports (instance, life, tag, previous);
CREATE INDEX reports_account ON reports (account, id);
CREATE INDEX reports_digest ON reports (digest);
CREATE INDEX reports_case ON reports ("case") WHERE "case" IS NOT NULL;
CREATE INDEX reports_due ON reports (until) WHERE verdict = 'deferred';

CREATE TABLE cases (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL,
  instance INTEGER NOT NULL,
  account INTEGER,
  opened_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  decided_at INTEGER,
  decided_by TEXT
);
CREATE INDEX cases_account ON cases (account, id);
CREATE INDEX cases_instance ON cases (instance);

CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  digest TEXT NOT NULL,
  named_by TEXT NOT NULL,
  since INTEGER NOT NULL,
  closed_at INTEGER,
  closed_by TEXT,
  UNIQUE (instance, digest)
);
CREATE INDEX gaps_open ON gaps (since) WHERE closed_at IS NULL;

CREATE TABLE late_answers (
  instance INTEGER NOT NULL,
  digest TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (instance, digest)
) WITHOUT ROWID;

CREATE TABLE trust_requests (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  instance INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  counter INTEGER NOT NULL,
  account INTEGER,
  verdict TEXT NOT NULL,
  code TEXT,
  detail TEXT NOT NULL,
  flags TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (instance, digest)
);
CREATE INDEX trust_requests_digest ON trust_requests (digest);
CREATE INDEX trust_requests_counter ON trust_requests (instance, incarnation, counter)
WHERE verdict = 'accepted';

CREATE TABLE trust_codes (
  instance INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  first_used INTEGER,
  PRIMARY KEY (instance, generation)
) WITHOUT ROWID;
CREATE INDEX trust_codes_key ON trust_codes (key);

CREATE TABLE refusals (
  digest TEXT NOT NULL,
  code TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (digest, code)
) WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  domain TEXT,
  account INTEGER,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  by TEXT
);
CREATE INDEX events_account ON events (account, id);
CREATE INDEX events_domain ON events (domain, id);
