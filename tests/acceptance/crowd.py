"""Many devices at one moment, each with an identity of its own, speaking smart transport."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from gauger.adapters.keys.file import FileSigner, generate_key, load_key
from gauger.adapters.keys.trust_folder import read_manufacturer
from gauger.core.documents import keyring
from gauger.core.documents.envelope import write_document
from gauger.core.documents.trust_request import TrustRequest, sign_trust_request
from gauger.core.identity import Udi, digest
from tests.acceptance.site import Json, Site


def requests_with(site: Site, token: str, count: int) -> Iterator[Json]:
    """Make the trust requests of new devices that all present one ID token."""
    workshop, folder = site.workshop, site.folder / "factory" / "manufacturer"
    manufacturer = read_manufacturer(folder)
    maker = keyring.Issuer(
        key=load_key(folder / "ca.key.pem"), certificate=manufacturer.certificate
    )
    for number in range(count):
        udi = Udi("C9800-CL-K9", site.new_path("GGR").name)
        sudi, key = generate_key(workshop.entropy), generate_key(workshop.entropy)
        certificate = keyring.build_sudi(maker, udi, sudi.public_key, workshop.terms())
        request = TrustRequest(
            issued_at=workshop.now(),
            test_clock=True,
            udi=udi,
            incarnation=f"{number:032x}",
            counter=1,
            public_key=key.public_key,
            made_at=workshop.now(),
            nonce=f"{number:032x}",
            token_digest=digest(token.encode()),
        )
        signed = sign_trust_request(
            request, sudi=FileSigner(sudi, (certificate,)), key=FileSigner(key)
        )
        yield {
            "message_version": "1.3",
            "type": "trust_request",
            "timestamp": workshop.now() * 1000,
            "nonce": f"{number:032x}",
            "sudi": udi.to_json(),
            "data": {"id_token": token, "trust_requests": [write_document(signed)]},
        }


def all_at_once(site: Site, messages: list[Json]) -> list[Json]:
    """Send messages in as many threads at one moment; return the answers."""
    gate = threading.Barrier(len(messages))

    def send(message: Json) -> Json:
        gate.wait(30)
        return site.portal.smart(message)[1]

    with ThreadPoolExecutor(len(messages)) as crowd:
        return list(crowd.map(send, messages))
