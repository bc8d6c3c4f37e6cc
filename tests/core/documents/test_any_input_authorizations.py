"""Any authorization document comes back as it was; any other input ends in a named problem."""

import contextlib
import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.authorization_code import (
    EPOCH_LIMIT,
    LONGEST_HELD,
    LONGEST_TAG,
    MOST_COUNT,
    MOST_LICENCES,
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_items import (
    document_text,
    read_authorization_item,
    write_authorization_item,
)
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn, make_return_code
from gauger.core.documents.body import Body, SentHead
from gauger.core.documents.envelope import (
    DOCUMENT_CAP,
    Document,
    read_document,
    write_document,
)
from gauger.core.fields import LATEST_TIME
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue
from tests.core.documents.material import NOW, UDI, refused, trust_store
from tests.core.documents.report_material import changed, direct
from tests.core.documents.test_any_input import VALUES, replaced
from tests.core.documents.test_authorizations import REQUEST, RETURN, Asked, signed, verified
from tests.core.documents.test_bodies import AUTHORIZATION

IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)
TIMES = st.integers(0, LATEST_TIME)
TAGS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
COUNTS = st.integers(1, MOST_COUNT)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
HELD = st.builds(HeldCode, code=IDS, epoch=st.integers(0, EPOCH_LIMIT), document=TEXTS)
BODIES = [AUTHORIZATION, REQUEST, RETURN]
STORE = trust_store()
FLOOD = DOCUMENT_CAP // 2


SENT: st.SearchStrategy[SentHead] = st.builds(
    SentHead,
    issued_at=TIMES,
    test_clock=st.just(value=False),
    udi=st.just(UDI),
    incarnation=IDS,
    counter=st.integers(0, 2**63 - 1),
    nonce=IDS,
    made_at=TIMES,
)


@st.composite
def requests(draw: st.DrawFn) -> AuthorizationRequest:
    counts = draw(st.dictionaries(TAGS, COUNTS, min_size=1, max_size=MOST_LICENCES))
    held = draw(st.none() | HELD)
    least = 0 if held is None else held.epoch
    marks = st.integers(least, EPOCH_LIMIT)
    return AuthorizationRequest(
        **draw(SENT),
        software_version=draw(TEXTS),
        mode=draw(st.sampled_from(Mode)),
        licences=tuple(WantedLicence(tag=tag, count=count) for tag, count in counts.items()),
        held=held,
        mark=draw(marks if held else st.none() | marks),
    )


@st.composite
def returns(draw: st.DrawFn) -> AuthorizationReturn:
    removed, head = draw(HELD), draw(SENT)
    return AuthorizationReturn(
        **head,
        software_version=draw(TEXTS),
        removed=removed,
        return_code=make_return_code(removed.code, head["nonce"]),
        mark=draw(st.integers(removed.epoch, EPOCH_LIMIT)),
    )


@st.composite
def codes(draw: st.DrawFn) -> AuthorizationCode:
    counts = draw(st.dictionaries(TAGS, COUNTS, min_size=1, max_size=MOST_LICENCES))
    epoch = draw(st.integers(0, EPOCH_LIMIT))
    origin = AuthorizationOrigin.CSSM if epoch else AuthorizationOrigin.FACTORY
    licences = tuple(
        AuthorizedLicence(tag=tag, name=tag, count=count, term=tag) for tag, count in counts.items()
    )
    return replace(AUTHORIZATION, code=draw(IDS), epoch=epoch, origin=origin, licences=licences)


@given(requests() | returns())
def test_what_a_product_instance_asks_comes_back_as_it_was(asked: Asked) -> None:
    document = signed(asked)
    assert verified(read_document(write_document(document)))[0] == asked
    assert read_authorization_item(write_authorization_item(document)) == document
    assert verified(document)[0].encode() == document.body


@given(codes())
def test_a_code_comes_back_as_it_was(code: AuthorizationCode) -> None:
    received = read_document(write_document(direct(code.TYPE, code.encode())))
    STORE.verify(received, expected=code.TYPE, now=NOW)
    found = AuthorizationCode.from_document(received)
    assert (found, found.encode()) == (code, received.body)


def read_body(document: Document) -> Body:
    kinds: tuple[type[AuthorizationCode | Asked], ...]
    kinds = (AuthorizationCode, AuthorizationRequest, AuthorizationReturn)
    return next(kind for kind in kinds if document.type == kind.TYPE).from_document(document)


@pytest.mark.threat("A7", role="core")
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
@given(at=st.integers(0, 40), new=VALUES)
def test_any_value_in_a_body_ends_in_a_value_or_a_problem(
    body: Body, at: int, new: JsonValue
) -> None:
    content, _ = replaced(json.loads(body.encode()), at, new)
    with contextlib.suppress(Problem):
        read_body(direct(body.TYPE, json.dumps(content).encode()))


@pytest.mark.threat("A7", role="core")
@pytest.mark.parametrize("asked", [REQUEST, RETURN], ids=lambda asked: asked.TYPE)
@given(at=st.integers(0, 12), new=VALUES)
def test_any_value_in_an_element_ends_in_its_document_or_a_problem(
    asked: Asked, at: int, new: JsonValue
) -> None:
    content, _ = replaced(json.loads(write_authorization_item(signed(asked))), at, new)
    with contextlib.suppress(Problem):
        assert read_authorization_item(json.dumps(content)) == signed(asked)


@pytest.mark.threat("A7", role="core")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_for_an_element_ends_in_a_document_or_a_problem(text: str) -> None:
    for tried in (text, "[" + text, f"[{text}]", json.dumps([{"document": text}])):
        with contextlib.suppress(Problem):
            read_authorization_item(tried)


def cost(read: Callable[[], object]) -> tuple[str, int, float]:
    """Return the code of a refusal, the most memory that it took, and the processor time."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(Problem) as caught:
            read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # It is kept and shown: a megabyte that is refused must not come back in the reason.
    assert len(caught.value.detail) < 1024
    return caught.value.code, peak, time.process_time() - begun


LISTS = [
    f'"{name}":[{",".join([unit] * (FLOOD // (len(unit) + 1)))}]'
    for name in ("licences", "critical")
    for unit in ("{}", "[]", "1", '""', '{"tag":"a","count":1}')
]


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize("flood", LISTS, ids=lambda flood: flood[:34])
@pytest.mark.parametrize("body", [AUTHORIZATION, REQUEST], ids=lambda body: body.TYPE)
def test_a_flood_of_items_costs_no_more_than_its_size(body: Body, flood: str) -> None:
    taken = changed(body.encode(), licences=None)
    document = direct(body.TYPE, taken.replace(b"{", b"{" + flood.encode() + b",", 1))
    code, peak, seconds = cost(lambda: read_body(document))
    assert code == "malformed"
    # Decoded once, 60 bytes for each of a few: no list is made of what is over the limit.
    assert peak < 64 * FLOOD
    assert seconds < 5


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * FLOOD, "too-deep"),
        ("[" + "{}," * (FLOOD // 3) + "{}]", "malformed"),
        ('[{"document":"' + "x" * DOCUMENT_CAP + '"}]', "too-large"),
        ('[{"document":"' + '\\"' * FLOOD, "too-large"),
        ('[{"document":{"a":' + "9" * FLOOD + "}}]", "number-not-allowed"),
        ('[{"keys":[' + "{}," * (FLOOD // 3) + "{}]}]", "signature-missing"),
        ('[{"document":null,"a":' + '{"a":' * 40 + "1" + "}" * 41 + "]", "too-deep"),
    ],
    ids=lambda value: value[:18],
)
def test_a_flood_in_an_element_costs_no_more_than_its_size(text: str, code: str) -> None:
    found, peak, seconds = cost(lambda: document_text(text))
    assert found == code
    assert peak < 64 * FLOOD
    assert seconds < 5


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (REQUEST, {"licences": [{"tag": "t" * (LONGEST_TAG + 1), "count": 1}]}),
        (REQUEST, {"held": {"code": "ac" * 16, "epoch": 0, "document": "x" * (LONGEST_HELD + 1)}}),
        (
            RETURN,
            {"removed": {"code": "ac" * 16, "epoch": 0, "document": "x" * (LONGEST_HELD + 1)}},
        ),
        (RETURN, {"return_code": "1" * FLOOD}),
        (RETURN, {"nonce": "0" * FLOOD}),
        (AUTHORIZATION, {"licences": [{"tag": "a", "name": "n" * 129, "count": 1, "term": "t"}]}),
        (AUTHORIZATION, {"licences": [{"tag": "a", "name": "n", "count": 1, "term": "t" * 65}]}),
    ],
    ids=lambda value: value.TYPE if isinstance(value, Body) else next(iter(value)),
)
def test_no_text_is_longer_than_its_limit(body: Body, changes: dict[str, object]) -> None:
    with refused("malformed"):
        read_body(direct(body.TYPE, changed(body.encode(), **changes)))
