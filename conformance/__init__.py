"""The conformance suite: cases, and the runner that puts them before an implementation."""
