"""What nobody would send ends in a named problem, never in an error of ours."""

import pytest

from tests.surfaces.http.conftest import shared_web
from tests.surfaces.http.portal import Web

__all__ = ["shared_web"]


@pytest.mark.threat("F10", role="cssm")
@pytest.mark.parametrize("credentials", [b"\xff\xfe", b"eA==", b"/w==", b"=", b"e\xc3\xa9"])
def test_credentials_that_are_none_are_malformed(shared_web: Web, credentials: bytes) -> None:
    answer = shared_web.http.post(
        "/oauth2/token",
        content=b"grant_type=client_credentials",
        headers={
            b"Content-Type": b"application/x-www-form-urlencoded",
            b"Authorization": b"Basic " + credentials,
        },
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed"
