-- Version 9. Codes that came from the factory, and how much of a code is taken from no pool for it.

ALTER TABLE authorizations ADD COLUMN origin TEXT NOT NULL DEFAULT 'cssm';
ALTER TABLE authorized_licences ADD COLUMN bundled INTEGER NOT NULL DEFAULT 0;
