"""rsyslogd, the log daemon of Debian, takes what is sent by UDP, TCP and TLS and reads each field."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauger.adapters.syslog import SyslogSender
from gauger.core.messages import KINDS, SystemMessage
from gauger.core.ways import LoggingHost, LogTransport
from tests.adapters.test_syslog import until
from tests.instance.portal import make_certificate
from tests.support.material import needs_library, needs_program

_CONFIGURATION = """
global(workDirectory="{folder}"
  defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="{folder}/ca.pem"
  defaultNetstreamDriverCertFile="{folder}/ca.pem"
  defaultNetstreamDriverKeyFile="{folder}/key.pem")
module(load="imudp")
module(load="imtcp" {mode})
template(name="fields" type="string" string="%inputname%|%pri%|%protocol-version%|\
%timestamp:::date-rfc3339%|%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%msg%\\n")
{inputs}
action(type="omfile" file="{folder}/log" template="fields")
"""
_SECURE = 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon"'


@dataclass
class Rsyslog:
    """A daemon of our own in a folder, on free ports."""

    folder: Path
    port: int

    def lines(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> Callable[[], bool]:
    def listens() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    return listens


@pytest.fixture
def rsyslog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rsyslog]:
    program = needs_program("rsyslogd", "rsyslog")
    transport: LogTransport = request.param
    if transport is LogTransport.TLS:
        needs_library("*/rsyslog/lmnsd_ossl.so", "rsyslog-openssl")
    is_datagram = transport is LogTransport.UDP
    key, certificate = make_certificate()
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "ca.pem").write_bytes(certificate)
    port = free_port(socket.SOCK_DGRAM if is_datagram else socket.SOCK_STREAM)
    ready = free_port(socket.SOCK_STREAM) if is_datagram else port
    kind = "imudp" if is_datagram else "imtcp"
    inputs = f'input(type="{kind}" address="127.0.0.1" port="{port}")'
    if is_datagram:
        # Nobody can ask a datagram's port whether it is open yet.
        inputs += f'\ninput(type="imtcp" address="127.0.0.1" port="{ready}")'
    mode = _SECURE if transport is LogTransport.TLS else ""
    configuration = tmp_path / "rsyslog.conf"
    configuration.write_text(_CONFIGURATION.format(folder=tmp_path, mode=mode, inputs=inputs))
    daemon = subprocess.Popen(
        [program, "-n", "-iNONE", "-f", configuration], stderr=subprocess.DEVNULL
    )
    try:
        until(_listens(ready))
        yield Rsyslog(tmp_path, port)
    finally:
        daemon.terminate()
        daemon.wait(30)


@pytest.mark.requirement("BX-1/cli")
@pytest.mark.parametrize("rsyslog", list(LogTransport), indirect=True, ids=str)
def test_it_reads_each_field_of_each_message(
    rsyslog: Rsyslog, request: pytest.FixtureRequest
) -> None:
    transport: LogTransport = request.node.callspec.params["rsyslog"]
    sender = SyslogSender(lambda: rsyslog.folder / "ca.pem")
    host = "localhost" if transport is LogTransport.TLS else "127.0.0.1"
    sender.configure([LoggingHost(host=host, transport=transport, port=rsyslog.port)], "edge-1")
    failed = KINDS["SMART_LIC-3-COMM_FAILED"]
    for text in ("first", "second, in Zürich"):
        sender.send(SystemMessage(at=1_800_000_000, kind=failed, text=text))
    until(lambda: len(rsyslog.lines()) >= 2)
    sender.close()
    first, second = (line.split("|") for line in rsyslog.lines()[:2])
    assert first == [
        "imudp" if transport is LogTransport.UDP else "imtcp",
        "187",
        "1",
        "2027-01-15T08:00:00.000Z",
        "edge-1",
        "gauger",
        "-",
        "COMM_FAILED",
        '[meta sequenceId="1"]',
        "%SMART_LIC-3-COMM_FAILED: first",
    ]
    assert second[-2] == '[meta sequenceId="2"]'
    assert second[-1].removeprefix("\ufeff") == "%SMART_LIC-3-COMM_FAILED: second, in Zürich"
