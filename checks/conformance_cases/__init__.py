"""The cases of the conformance suite, by subject; `checks/make_conformance.py` writes them."""
