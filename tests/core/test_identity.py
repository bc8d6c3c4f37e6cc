import hashlib

import pytest

from gauger.core.identity import AccountRef, Udi, digest
from gauger.core.problems import Problem


def test_a_digest_is_lower_case_sha256() -> None:
    assert digest(b"usage") == hashlib.sha256(b"usage").hexdigest()


def test_a_udi_is_its_product_id_and_serial_number_only() -> None:
    plain = Udi("C9800-CL-K9", "GGR0001")
    virtual = Udi("C9800-CL-K9", "GGR0001", vid="V01", uuid="0b1c")
    assert plain == virtual
    assert hash(plain) == hash(virtual)
    assert str(plain) == "PID:C9800-CL-K9,SN:GGR0001"
    assert plain.to_json() == {"udi_pid": "C9800-CL-K9", "udi_serial_number": "GGR0001"}


@pytest.mark.parametrize("part", ["", "A B", "A,B", "A;B", "ä", "A\n", "\x1b[2J", "A" * 65])
def test_a_udi_refuses_what_would_confuse_a_reader(part: str) -> None:
    for pid, serial in ((part, "GGR0001"), ("C9800-CL-K9", part)):
        with pytest.raises(Problem) as refusal:
            Udi(pid, serial)
        assert refusal.value.code == "malformed"


def test_an_account_is_a_domain_and_a_name() -> None:
    account = AccountRef("example.com", "Branch offices")
    assert str(account) == "example.com/Branch offices"
    assert account.to_json() == {
        "smart_account": "example.com",
        "virtual_account": "Branch offices",
    }


@pytest.mark.parametrize("domain", ["", "-x", "x.", "a b", "ex/ample", "a" * 254])
def test_a_smart_account_is_a_domain(domain: str) -> None:
    with pytest.raises(Problem) as refusal:
        AccountRef(domain, "DEFAULT")
    assert refusal.value.code == "malformed"


@pytest.mark.parametrize("name", ["", "x" * 129, "a\nb", "\x1b[2J"])
def test_a_virtual_account_has_a_printable_name(name: str) -> None:
    with pytest.raises(Problem) as refusal:
        AccountRef("example.com", name)
    assert refusal.value.code == "malformed"
