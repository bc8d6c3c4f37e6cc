"""One verdict on one document or file, for conformance suites (`spec/conformance.md`).

Nothing is verified here: each kind is handed to the code that the roles use.
"""
