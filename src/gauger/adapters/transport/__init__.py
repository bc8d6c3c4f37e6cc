"""Pipes through which a product instance or relay reaches its peer."""
