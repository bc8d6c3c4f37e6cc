"""Faults at every system call of every command that changes state; `make sweep`."""
