"""What the portal can carry, measured with real processes; `make bench` runs it."""
