"""The authority engine: verifies usage, keeps the ledger, signs answers."""
