"""Arithmetic of licences: purchased, in use, balance."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchased:
    """How many licences a line of an order brought, and for how long.

    Attributes:
        quantity: How many.
        start: First second of the term, epoch seconds.
        end: First second after it; null where it never ends.
    """

    quantity: int
    start: int
    # Exclusive, like every end here: a term and the next one never count twice.
    end: int | None

    def is_in_term(self, now: int) -> bool:
        """Tell whether the term includes an instant."""
        return self.start <= now and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account holds and uses of one licence.

    Attributes:
        purchased: Licences whose term includes the instant that was asked for.
        in_use: Licences in use, verified reports only.
    """

    purchased: int
    in_use: int

    @property
    def balance(self) -> int:
        """Purchased minus in use; below zero it is a shortage, which refuses nothing."""
        # Never cut off at zero: how far below it is what people act on.
        return self.purchased - self.in_use


def balance_of(lines: Iterable[Purchased], *, in_use: int, now: int) -> Balance:
    """Return the balance of one licence at an instant.

    Args:
        lines: Lines of the account's orders for this licence.
        in_use: Licences in use.
        now: Epoch seconds.
    """
    # Asked of an instant: a term begins and ends without any row.
    held = sum(line.quantity for line in lines if line.is_in_term(now))
    return Balance(purchased=held, in_use=in_use)
