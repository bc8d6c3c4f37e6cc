"""The portal's use cases: each checks, asks the authority or a store, and audits."""
