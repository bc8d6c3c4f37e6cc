"""The `gauger` command."""
