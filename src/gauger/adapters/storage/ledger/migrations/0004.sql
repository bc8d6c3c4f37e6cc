-- Version 4. What people list is found by index: a filter that nothing matches walks no table.

-- Without the accepted reports, which are nearly all: they pay nothing for these.
CREATE INDEX reports_unaccepted ON reports (verdict, id) WHERE verdict <> 'accepted';
CREATE INDEX reports_unaccepted_account ON reports (account, verdict, id)
WHERE verdict <> 'accepted';
CREATE INDEX cases_state ON cases (state, id);
CREATE INDEX cases_account_state ON cases (account, state, id);
CREATE INDEX gaps_open_id ON gaps (id) WHERE closed_at IS NULL;
CREATE INDEX gaps_told_id ON gaps (id) WHERE closed_at IS NULL AND alerted_at IS NOT NULL;
CREATE INDEX gaps_open_instance ON gaps (instance, id) WHERE closed_at IS NULL;
CREATE INDEX instances_account_gaps ON instances (account, id) WHERE gaps > 0;
CREATE INDEX instances_serial_any_case ON instances (serial COLLATE NOCASE);
CREATE INDEX instances_pid_any_case ON instances (pid COLLATE NOCASE);
