"""The real portal, with a count of how often its signing key is used.

``python -m bench.counted FILE ARGUMENTS…`` runs ``gauger ARGUMENTS…``; the first eight bytes of
the file count. Whatever signs goes through the port `gauger.core.ports.Signer`: what counts stands
there, in place of the signer in a file, and is one.
"""

import mmap
import sys
from pathlib import Path
from typing import ClassVar, Final

from gauger.adapters.keys import signer_place
from gauger.adapters.keys.file import FileSigner
from gauger.cli.main import main as command

_SIZE: Final = 8


class CountedSigner(FileSigner):
    """A signer in a file that counts."""

    count: ClassVar[mmap.mmap]

    def sign(self, message: bytes) -> bytes:
        """Count, then sign."""
        count = type(self).count
        count[:_SIZE] = (int.from_bytes(count[:_SIZE], "little") + 1).to_bytes(_SIZE, "little")
        return super().sign(message)


def uses(path: Path) -> int:
    """Return how often the key was used so far."""
    return int.from_bytes(path.read_bytes()[:_SIZE], "little")


def main() -> None:
    """Become the command."""
    path = Path(sys.argv.pop(1))
    path.write_bytes(bytes(_SIZE))
    with path.open("r+b") as file:
        CountedSigner.count = mmap.mmap(file.fileno(), _SIZE)
    setattr(signer_place, FileSigner.__name__, CountedSigner)  # where a portal loads its signer
    command()


if __name__ == "__main__":
    main()
