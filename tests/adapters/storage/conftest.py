"""A portal for the tests that want one."""

from tests.support.benches import portal

__all__ = ["portal"]
