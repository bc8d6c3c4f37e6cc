"""The central portal's role."""
