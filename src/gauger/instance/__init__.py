"""The product instance's role."""
