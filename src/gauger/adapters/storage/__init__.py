"""Where state outlives a process."""
