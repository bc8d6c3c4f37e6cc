"""The ledger in SQLite: rows, pages, and the projections that follow from them."""
