"""No request within its cap takes much more memory than its size."""

import tracemalloc

import pytest

from gauger.core.documents.smart_transport import MESSAGE_CAP, decode_request
from gauger.core.problems import Problem

HEAD = (
    b'{"message_version":"1.3","type":"hello","timestamp":1,"nonce":"n",'
    b'"sudi":{"udi_pid":"A","udi_serial_number":"B"},"data":{"x":['
)
END = b"0]}}"


@pytest.mark.threat("E1", role="cssm")
@pytest.mark.parametrize("unit", [b"{},", b"[],", b'{"a":1},', b'"ab",', b"1,", b'{"a":{}},'])
def test_millions_of_tiny_values_are_refused_before_they_are_made(unit: bytes) -> None:
    room = MESSAGE_CAP - len(HEAD) - len(END)
    body = HEAD + unit * (room // len(unit)) + END
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as caught:
            decode_request(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.code == "too-large"
    assert peak < 3 * MESSAGE_CAP
