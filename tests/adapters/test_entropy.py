"""Randomness: of the kernel or none at all."""

import pytest

from gauger.adapters.entropy import SystemEntropy
from gauger.core.problems import Problem


def test_bytes_are_random() -> None:
    entropy = SystemEntropy()
    assert len(entropy.random_bytes(16)) == 16
    assert entropy.random_bytes(16) != entropy.random_bytes(16)


@pytest.mark.threat("C10", role="instance")
def test_a_source_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.urandom", fail)
    with pytest.raises(Problem, match="entropy-failed"):
        SystemEntropy().random_bytes(16)


@pytest.mark.threat("C10", role="instance")
def test_a_source_that_gives_too_little_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: b"x" * (count - 1))
    with pytest.raises(Problem, match="entropy-failed"):
        SystemEntropy().random_bytes(16)
