"""Trust material: root sets and manufacturers, shown to callers, taken in from the operator."""

from typing import Annotated

from pydantic import Field

from gauger.core.authority.commands import ImportManufacturer, ImportRootSet
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.root_set import RootSet
from gauger.cssm.access import Action
from gauger.cssm.portal import Portal
from gauger.surfaces.http.api.guard import CallerDep, PortalDep, needs, router
from gauger.surfaces.http.api.models import Given, Taken

top = router("", "trust")

# Half of what an API body may be: escaped as JSON, a file takes up to twice its size.
Text = Annotated[str, Field(min_length=1, max_length=512 * 1024)]


class RootSetGiven(Given):
    """A root set; `document` is its text as a file holds it."""

    number: int
    epoch: int
    expires_at: int
    document: str


class ManufacturerGiven(Given):
    """A manufacturer whose product instances are trusted; `file` is its file's text."""

    # The name within that file; a newer file of the same name takes its place.
    name: str
    imported_at: int
    file: str


class TrustGiven(Given):
    """What this portal trusts."""

    root_sets: list[RootSetGiven]
    manufacturers: list[ManufacturerGiven]


class NewRootSet(Taken):
    """The root set that follows the newest one held, as its file's text."""

    document: Text


class NewManufacturer(Taken):
    """A manufacturer file's text."""

    file: Text


# For whoever may call at all: public keys, which receipts are verified with.
@top.get("/trust", openapi_extra=needs(Action.SELF))
def show_trust(portal: PortalDep) -> TrustGiven:
    """Show the root sets and manufacturers that are trusted."""
    return _trust(portal)


# The operator only carries it here: root keys have signed it, and no role stands in for them.
@top.post("/trust/root-sets", status_code=201, openapi_extra=needs(Action.OPERATE))
def add_root_set(body: NewRootSet, portal: PortalDep, caller: CallerDep) -> TrustGiven:
    """Take in the root set that follows; the next ACKs carry it to product instances."""
    portal.means.authority.execute(ImportRootSet(document=body.document, by=str(caller)))
    portal.show_trust()
    return _trust(portal)


# Signed by nobody above it, so this role is all that guards it: what it declares is believed.
@top.post("/trust/manufacturers", status_code=201, openapi_extra=needs(Action.OPERATE))
def add_manufacturer(body: NewManufacturer, portal: PortalDep, caller: CallerDep) -> TrustGiven:
    """Trust a manufacturer for the product instances that it declares."""
    portal.means.authority.execute(ImportManufacturer(file=body.file, by=str(caller)))
    portal.show_trust()
    return _trust(portal)


def _trust(portal: Portal) -> TrustGiven:
    with portal.means.readers.lend() as reader:
        held = reader.trust()
    # All of them, from the first: a device is led along the whole chain.
    return TrustGiven(
        root_sets=list(map(_root_set, held.root_sets)),
        manufacturers=[ManufacturerGiven.model_validate(one) for one in held.manufacturers],
    )


def _root_set(document: Document) -> RootSetGiven:
    found = RootSet.from_document(document)
    return RootSetGiven(
        number=found.number,
        epoch=found.epoch,
        expires_at=found.expires_at,
        # The very bytes that were signed, not the fields written anew.
        document=write_document(document),
    )
