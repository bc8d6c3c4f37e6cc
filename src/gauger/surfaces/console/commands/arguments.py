"""Arguments that rows of several families of commands share, and their first releases."""

from types import MappingProxyType
from typing import Final

from gauger.core.documents.authorization_code import MOST_COUNT
from gauger.core.releases import Feature, Release, first_release
from gauger.instance.config import MAXIMUM_INTERVAL_DAYS
from gauger.surfaces.console.grammar import Argument, Kind

FIRST: Final = Release.parse("17.3.2")
# From the table of releases, so that the two cannot come apart.
RUM: Final = first_release(Feature.SHOW_RUM) or FIRST

ARGUMENTS: Final = MappingProxyType(
    {
        # Who has the token can register devices: no refusal repeats what stood in its place.
        "token": Argument(
            kind=Kind.TEXT, help="ID token from the portal.", maximum=512, is_secret=True
        ),
        "path": Argument(
            kind=Kind.PATH, help="File; a relative path begins where the command was typed."
        ),
        "days": Argument(kind=Kind.NUMBER, help="Days back from now.", maximum=3650),
        # As far as integers go (spec/strict-json.md, 5): a greater number fits into no row of the store.
        "report": Argument(kind=Kind.NUMBER, help="Id of a report.", maximum=2**63 - 1),
        "feature": Argument(kind=Kind.TEXT, help="Short name of a feature.", maximum=64),
        "count": Argument(kind=Kind.NUMBER, help="How many.", maximum=MOST_COUNT),
        "url": Argument(kind=Kind.TEXT, help="URL."),
        "interval": Argument(
            kind=Kind.NUMBER,
            help="Days between scheduled sendings; 0 sends nothing by itself.",
            minimum=0,
            maximum=MAXIMUM_INTERVAL_DAYS,
        ),
    }
)
