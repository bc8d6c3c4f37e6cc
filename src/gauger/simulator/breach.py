"""A promise that was broken."""


class Breach(Exception):  # noqa: N818 -- it is what it is called: a promise was broken
    """A promise was broken.

    Attributes:
        promise: Which one, for example ``P1``.
    """

    def __init__(self, promise: str, detail: str) -> None:
        """Name the promise and what was seen."""
        super().__init__(f"{promise}: {detail}")
        self.promise = promise
