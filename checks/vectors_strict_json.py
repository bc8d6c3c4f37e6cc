"""Cases of strict decoding for the test vectors."""

import base64
import json
from collections.abc import Iterable, Mapping

Case = Mapping[str, object]


def strict_json() -> Iterable[Case]:
    """Yield texts for the strict decoder."""
    good = {
        "largest integer": "[9223372036854775807,-9223372036854775808]",
        "underflow is zero": "[1e-400]",
        "surrogate pair": '"\\ud83d\\ude00"',
        "escaped backslash before u": '"\\\\ud800"',
        "brackets in a string": '["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]',
        "32 levels": "[" * 32 + "]" * 32,
        "byte order mark": "\ufeff{}",
    }
    for name, text in good.items():
        yield {"name": name, "input": text, "expect": json.loads(text.removeprefix("\ufeff"))}
    bad = {
        "duplicate key": ('{"a":1,"a":1}', "duplicate-key"),
        "duplicate key by an escape": ('{"a":1,"\\u0061":1}', "duplicate-key"),
        "not a number": ("[NaN]", "number-not-allowed"),
        "infinity": ("[-Infinity]", "number-not-allowed"),
        "overflow": ("[1e400]", "number-not-allowed"),
        "integer beyond 64 bits": ("[9223372036854775808]", "number-not-allowed"),
        "5,000 digits": ("1" * 5000, "number-not-allowed"),
        "lone surrogate": ('"\\ud800"', "text-not-allowed"),
        "33 levels": ("[" * 33 + "]" * 33, "too-deep"),
        "two values": ("{}{}", "trailing-data"),
        "cut": ('{"a":tr', "truncated"),
        "comma at the end": ("[1,]", "malformed"),
    }
    for name, (text, code) in bad.items():
        yield {"name": name, "input": text, "refusal": code}
    yield {"name": "not UTF-8", "input_base64": _text(b'"\xff"'), "refusal": "text-not-allowed"}
    encoded = _text("{}".encode("utf-16"))
    yield {"name": "UTF-16", "input_base64": encoded, "refusal": "text-not-allowed"}
    flood = [["[", 100_000]]
    yield {"name": "100,000 levels", "input_repeated": flood, "refusal": "too-deep"}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
