"""The main story, told with real processes on this machine."""
