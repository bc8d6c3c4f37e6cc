"""The signed documents: one module each, and what verifies them."""
