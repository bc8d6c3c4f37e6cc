-- Version 8. What product instances take from the pools of accounts is kept up with each change, so
-- that no request adds up all codes of its account; and the indexes that decisions go by.

CREATE TABLE authorization_shares (
  instance INTEGER NOT NULL,
  account INTEGER NOT NULL,
  tag TEXT NOT NULL,
  taken INTEGER NOT NULL,
  PRIMARY KEY (instance, account, tag)
) WITHOUT ROWID;

CREATE TABLE authorizations_given (
  account INTEGER NOT NULL,
  tag TEXT NOT NULL,
  given INTEGER NOT NULL,
  PRIMARY KEY (account, tag)
) WITHOUT ROWID;

INSERT INTO authorization_shares
SELECT c.instance, c.account, l.tag, max(l.count)
FROM authorizations c JOIN authorized_licences l ON l.authorization = c.id
WHERE c.state IN ('issued', 'confirmed')
GROUP BY c.instance, c.account, l.tag;

-- Also of what is given back by now: a replay of the rows leaves a zero there.
INSERT INTO authorizations_given
SELECT DISTINCT c.account, l.tag, 0
FROM authorizations c JOIN authorized_licences l ON l.authorization = c.id;
INSERT INTO authorizations_given
SELECT account, tag, sum(taken) FROM authorization_shares WHERE true GROUP BY account, tag
ON CONFLICT DO UPDATE SET given = excluded.given;

DROP INDEX authorizations_alive;
CREATE INDEX authorizations_alive ON authorizations (instance, epoch)
WHERE state IN ('issued', 'confirmed');
CREATE INDEX authorization_requests_counter
ON authorization_requests (instance, incarnation, counter) WHERE verdict = 'accepted';
CREATE INDEX authorization_requests_mark
ON authorization_requests (instance, mark) WHERE verdict = 'accepted';
