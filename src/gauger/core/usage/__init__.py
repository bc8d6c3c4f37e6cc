"""Measurements, their sampling, and the algebra of usage intervals."""
