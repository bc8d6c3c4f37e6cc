"""The operator's console: one table of commands, and the text that they print."""
