"""Keys and trust material in files."""
