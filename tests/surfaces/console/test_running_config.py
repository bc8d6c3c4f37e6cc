"""The running configuration: what it shows, that it can be typed, and when it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.core.ways import LoggingHost, LogTransport
from gauger.instance.config import DEFAULTS, ConfigChange, ConfigKey, Configuration, TransportKind
from gauger.instance.settings import (
    AIR_LEVELS,
    BOOT_LEVELS,
    CUSTOMER_INFO,
    CUSTOMER_TAGS,
    written_all,
)
from gauger.instance.views import UserSecretView
from gauger.surfaces.console.banners import gathered, parted
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.console import Console
from gauger.surfaces.console.grammar import Match, Mode
from gauger.surfaces.console.language import Grammar
from gauger.surfaces.console.session import Handler, Session
from gauger.surfaces.console.system import configuration_lines
from gauger.surfaces.console.terminal import Terminal
from tests.surfaces.console.scripted import A_HASH, ScriptedAgent

URL = "https://cssm.example.com/licservice/license"
USER = UserSecretView(name="admin", privilege=15, secret=A_HASH)

LABELS = st.text(
    st.characters(codec="utf-8", exclude_characters='"', categories=("L", "N", "P", "S")),
    min_size=1,
    max_size=20,
).map(lambda text: f"{text} x" if text.endswith("?") else text)
NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,20}[a-z0-9]\Z")
URLS = NAMES.map(lambda name: f"https://{name}.example.com/its/service")
LEVELS = st.sampled_from(
    [
        text
        for known in (BOOT_LEVELS, AIR_LEVELS)
        for level, addons in known.items()
        for text in (level, *(f"{level} addon {addon}" for addon in addons))
    ]
)
TEXTS = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), min_size=1, max_size=4
).map("\n".join)
BANNERS = TEXTS.filter(lambda text: "^" not in text)
HOSTS = st.builds(
    LoggingHost,
    host=NAMES,
    transport=st.sampled_from(LogTransport),
    port=st.integers(1, 65_535),
)


def pairs(members: tuple[str, ...]) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    known = st.dictionaries(st.sampled_from(members), LABELS)
    return known.map(lambda found: tuple(sorted(found.items())))


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


LINES = (
    "show running-config",
    "show running-config all",
    "show startup-config",
    "write terminal",
)
CONFIGURATIONS = st.builds(
    Configuration,
    transport=st.sampled_from(TransportKind),
    url_smart=st.sampled_from([None, URL]),
    url_cslu=maybe(URLS),
    url_utility=maybe(URLS),
    url_plain=maybe(URLS),
    proxy_address=maybe(NAMES),
    proxy_port=st.none() | st.integers(1, 65_535),
    vrf=maybe(NAMES),
    usage_interval=st.none() | st.integers(0, 3650),
    customer_tags=pairs(CUSTOMER_TAGS),
    custom_id=maybe(LABELS),
    privacy_hostname=st.booleans(),
    privacy_version=st.booleans(),
    server_identity_check=st.booleans(),
    utility_enabled=st.booleans(),
    customer_info=pairs(CUSTOMER_INFO),
    reservation=st.booleans(),
    hostname=maybe(NAMES),
    enable_secret=st.sampled_from([None, A_HASH]),
    exec_timeout_console=st.integers(0, 60 * 35_791 + 59),
    exec_timeout_vty=st.integers(0, 60 * 35_791 + 59),
    boot_level=maybe(LEVELS.filter(lambda level: not level.startswith("air"))),
    air_level=maybe(LEVELS.filter(lambda level: level.startswith("air"))),
    service_internal=st.booleans(),
    banner_motd=st.just("") | BANNERS,
    banner_login=st.just("") | BANNERS,
    banner_exec=st.just("") | BANNERS,
)


@pytest.mark.requirement("PI-10/running-config")
@given(CONFIGURATIONS)
def test_what_is_shown_can_be_typed_back(configuration: Configuration) -> None:
    shown = "\n".join(configuration_lines(configuration, (USER,), "17.12"))
    again = ScriptedAgent()
    *typed, end = shown.split("\n")
    Console(again).configure(typed)
    assert end == "end"
    assert again.settings == configuration
    user = ConfigChange(key=ConfigKey.USERNAME, value=f"15 9 {A_HASH}", member="admin")
    assert "configure" in again.asked[0]
    assert user in again.asked[0]


@given(CONFIGURATIONS)
def test_so_can_what_is_shown_with_all_defaults(configuration: Configuration) -> None:
    again = ScriptedAgent()
    shown = "\n".join(configuration_lines(configuration, (), "17.12", written_all))
    Console(again).configure(shown.split("\n")[:-1])
    assert again.settings == configuration


@pytest.mark.requirement("PI-10/running-config")
def test_all_shows_what_is_as_it_was_at_first() -> None:
    console = Console(ScriptedAgent())
    shown = console.execute("show running-config all").split("\n")
    usual = {
        "service timestamps log datetime msec",
        "license smart transport cslu",
        "license smart server-identity-check",
        "no license smart privacy hostname",
        "logging buffered 4096",
        "logging trap informational",
        "no enable secret",
        " exec-timeout 10 0",
    }
    assert usual <= set(shown)
    plain = console.execute("show running-config").split("\n")
    assert not usual & set(plain)
    # It adds lines, and changes none.
    assert set(plain) - {plain[2]} <= set(shown)


def test_it_reads_as_devices_print_it() -> None:
    agent = ScriptedAgent(secrets=(USER,))
    console = Console(agent)
    console.configure(["hostname edge-1", "license smart transport smart", "line con 0"])
    console.configure(["line vty 0 4", "exec-timeout 5"])
    head, shown = console.execute("show running-config").split("\n!", 1)
    size = len(f"!{shown}\n".encode())
    assert head == f"Building configuration...\n\nCurrent configuration : {size} bytes"
    assert f"!{shown}".split("\n") == [
        "!",
        "version 17.9",
        "hostname edge-1",
        "!",
        f"username admin privilege 15 secret 9 {A_HASH}",
        "!",
        "license smart transport smart",
        "!",
        "line con 0",
        "line vty 0 4",
        " exec-timeout 5 0",
        " login local",
        " transport input ssh",
        "!",
        "end",
    ]


def test_a_filter_finds_a_section_of_it() -> None:
    console = Console(ScriptedAgent(settings=Configuration(exec_timeout_vty=0)))
    shown = console.execute("show running-config | section line vty")
    assert shown.split("\n")[0] == "line vty 0 4"
    assert " exec-timeout 0 0" in shown


def test_the_startup_configuration_is_what_was_saved() -> None:
    agent = ScriptedAgent()
    console = Console(agent)
    assert console.execute("show startup-config") == "startup-config is not present"
    assert console.execute("write") == console.execute("wr mem")
    assert console.execute("copy run start") == "Building configuration...\n[OK]"
    agent.settings = Configuration(hostname="later")
    assert "hostname later" not in console.execute("show startup-config")
    assert console.execute("show startup-config").startswith("Using ")
    assert console.execute("write erase").startswith("[OK]")
    assert agent.saved is None


def test_what_unicon_types_when_it_connects_is_taken() -> None:
    agent = ScriptedAgent()
    lines = ["line console 0", "exec-timeout 0", "line vty 0 4", "exec-timeout 0"]
    Console(agent).configure(lines)
    assert agent.settings == Configuration(exec_timeout_console=0, exec_timeout_vty=0)
    Console(agent).configure(["line con 0", "no exec-timeout"])
    assert agent.settings == Configuration(exec_timeout_vty=0)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("username op secret long-enough-one", "1 0 long-enough-one"),
        ("username op privilege 15 password 0 long-enough-one", "15 0 long-enough-one"),
        ("username op privilege 1 secret 9 $x", "1 9 $x"),
        ("no username op", None),
    ],
)
def test_users_are_configured(line: str, value: str | None) -> None:
    agent = ScriptedAgent()
    Console(agent).configure([line])
    change = ConfigChange(key=ConfigKey.USERNAME, value=value, member="op")
    assert agent.asked == [("configure", change)]


@pytest.mark.threat("E17", role="instance")
def test_a_refused_line_does_not_repeat_a_password() -> None:
    with pytest.raises(Problem) as refused:
        Console(ScriptedAgent()).configure(["username op secret MyVerySecretOne more"])
    assert "MyVerySecretOne" not in refused.value.detail


def test_a_banner_spans_lines() -> None:
    agent = ScriptedAgent()
    Console(agent).configure(["banner motd #one", "! two", "", "three#", "hostname a"])
    assert agent.settings == Configuration(banner_motd="one\n! two\n\nthree", hostname="a")
    Console(agent).configure(["no banner motd", "banner exec ^Chi^C"])
    assert agent.settings == Configuration(banner_exec="hi", hostname="a")


def test_a_banner_that_nothing_ends_is_refused() -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        Console(ScriptedAgent()).configure(["banner motd #one", "two"])


def test_only_banners_are_gathered() -> None:
    lines = ["b motd #a", "banner motd", "hostname #a", "banner motd #a#"]
    assert list(gathered(lines)) == lines
    assert parted("^Ca^b^C") == ("a^b", None)
    assert parted("#a") == ("a", "#")


@dataclass(slots=True)
class Terminally:
    """A terminal that keeps the questions of a handler."""

    privilege: int = 15
    terminal: Terminal = field(default_factory=Terminal)
    lines: Sequence[str] = ()
    monitors: bool = False
    prompts: list[str] = field(default_factory=list)
    answer: Callable[[str], str] = str
    go_on: Callable[[], str] = str

    def enable(self) -> None:
        raise AssertionError

    def ask(self, prompt: str, then: Callable[[str], str], *, hidden: bool = False) -> None:
        assert not hidden
        self.prompts.append(prompt)
        self.answer = then

    def confirm(self, prompt: str, then: Callable[[], str]) -> None:
        self.prompts.append(prompt)
        self.go_on = then

    def read_text(self, until: str, then: Callable[[str], str]) -> None:
        self.prompts.append(until)
        self.answer = then

    def end(self) -> None:
        raise AssertionError


def typed(agent: ScriptedAgent, line: str, mode: Mode = Mode.EXEC) -> tuple[Terminally, str]:
    """Type a line in a session."""
    terminal = Terminally()
    session = Session(views=agent, operations=agent, shell=terminal, mode=mode)
    grammar: Grammar[Handler] = Grammar(COMMANDS, mode)
    match: Match[Handler] = grammar.parse(line)
    return terminal, match.command.handler(session, match)


def test_a_session_names_the_file_that_it_saves_to() -> None:
    agent = ScriptedAgent()
    terminal, said = typed(agent, "copy running-config startup-config")
    assert (said, agent.asked) == ("", [])
    assert terminal.answer("") == "Building configuration...\n[OK]"
    with pytest.raises(Problem, match="not-supported"):
        terminal.answer("other")


def test_a_session_confirms_that_it_erases() -> None:
    agent = ScriptedAgent(saved=DEFAULTS)
    terminal, _ = typed(agent, "write erase")
    assert terminal.prompts[0].endswith("[confirm]")
    assert agent.saved is DEFAULTS
    assert terminal.go_on().startswith("[OK]")
    assert agent.saved is None


def test_a_session_that_saved_only_confirms_a_reload() -> None:
    agent = ScriptedAgent()
    terminal, _ = typed(agent, "reload")
    assert terminal.prompts == ["Proceed with reload? [confirm]"]
    terminal.go_on()
    assert agent.asked == [("reload",)]


@pytest.mark.parametrize(("answer", "kept"), [("yes", "edge"), ("y", "edge"), ("n", None)])
def test_a_session_is_asked_whether_to_save_before_a_reload(answer: str, kept: str | None) -> None:
    agent = ScriptedAgent(settings=Configuration(hostname="edge"))
    terminal, _ = typed(agent, "reload")
    assert terminal.answer("") == ""
    terminal.answer(answer)
    assert [prompt[-12:] for prompt in terminal.prompts[:2]] == ["? [yes/no]: "] * 2
    terminal.go_on()
    assert agent.settings.hostname == kept


def test_a_reload_by_exec_asks_nothing() -> None:
    agent = ScriptedAgent()
    Console(agent).execute("reload")
    assert agent.asked == [("reload",)]


def test_a_session_reads_the_rest_of_a_banner() -> None:
    agent = ScriptedAgent()
    terminal, said = typed(agent, "banner login #Hello", Mode.CONFIG)
    assert "#" in said
    assert terminal.prompts == ["#"]
    terminal.answer("you")
    assert agent.settings.banner_login == "Hello\nyou"
    terminal, _ = typed(agent, "banner login #", Mode.CONFIG)
    terminal.answer("you")
    assert agent.settings.banner_login == "you"


@pytest.mark.threat("E17", role="instance")
@pytest.mark.parametrize("line", LINES)
def test_who_may_only_look_does_not_see_the_hashes(line: str) -> None:
    grammar: Grammar[Handler] = Grammar(COMMANDS, Mode.EXEC)
    command = grammar.parse(line).command
    assert command.is_open_to(15)
    assert not command.is_open_to(1)
