"""A portal for each test."""

from tests.support.benches import portal

__all__ = ["portal"]
