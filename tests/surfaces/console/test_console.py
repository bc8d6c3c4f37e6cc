"""The console forwards what is typed and prints what is seen, and decides nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.instance.config import ConfigChange, ConfigKey, TransportKind
from gauger.instance.views import (
    AccountView,
    EventView,
    ImportResult,
    PurchaseView,
    Scope,
    Selection,
    SelectionKind,
    SyncResult,
    TransportView,
)
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.console import Console
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.reference import reference
from tests.support.material import ROOT
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import ScriptedAgent

HERE = Path("/work-folder")
ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202e\n% forged"


def _console(agent: ScriptedAgent) -> Console:
    return Console(agent, folder=HERE)


SHOWS = [
    ("show license status", "Utility:"),
    ("show license summary", "Account Information:"),
    ("show license usage", "License Authorization:"),
    ("show license udi", "UDI: PID:C9800-CL-K9,SN:GGR0001"),
    ("show license all", "Smart Licensing Status"),
    ("show license rum id all", "Smart Licensing Usage Report:"),
    ("show license rum id 1634880001 detail", "Smart Licensing Usage Report Detail:"),
    ("show license eventlog", "**** Event Log ****"),
    ("show license eventlog 2", "**** Event Log ****"),
    ("show license history message", "Message History (oldest to newest):"),
]


@pytest.mark.requirement("PI-10/show")
@pytest.mark.parametrize(("line", "first"), SHOWS)
def test_every_show_command_prints(line: str, first: str) -> None:
    assert _console(ScriptedAgent()).execute(line).split("\n")[0] == first


OPERATIONS = [
    ("license smart trust idtoken T0K local", ("trust", "T0K", Scope.LOCAL, False)),
    ("license smart trust idtoken T0K all force", ("trust", "T0K", Scope.ALL, True)),
    ("license smart sync all", ("sync", Scope.ALL)),
    ("license smart save trust-request t.xml", ("save-trust-request", HERE / "t.xml")),
    ("license smart import flash:ack.xml", ("import", HERE / "ack.xml")),
    ("license smart import /tmp/ack.xml", ("import", Path("/tmp/ack.xml"))),  # noqa: S108 - only the name of a file that nobody opens
    ("show license eventlog 3", ("events", 3)),
    ("show license eventlog", ("events", None)),
]


@pytest.mark.requirement("PI-10/operate")
@pytest.mark.parametrize(("line", "asked"), OPERATIONS)
def test_commands_reach_the_product_instance(line: str, asked: tuple[object, ...]) -> None:
    agent = ScriptedAgent()
    _console(agent).execute(line)
    assert agent.asked == [asked]


@pytest.mark.requirement("PI-10/operate")
@pytest.mark.parametrize(
    ("typed", "kind", "number"),
    [
        ("all", SelectionKind.ALL, None),
        ("unreported", SelectionKind.UNREPORTED, None),
        ("days 30", SelectionKind.DAYS, 30),
        ("rum-id 7", SelectionKind.REPORT, 7),
    ],
)
def test_usage_is_saved_by_selection(typed: str, kind: SelectionKind, number: int | None) -> None:
    agent = ScriptedAgent()
    assert not _console(agent).execute(f"license smart save usage {typed} file u.xml")
    assert agent.asked == [("save", Selection(kind=kind, number=number), HERE / "u.xml")]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (SyncResult(sent=2, acknowledged=2, waiting=False), ""),
        (SyncResult(sent=2, acknowledged=0, waiting=True), "fetched by itself"),
        (SyncResult(sent=2, acknowledged=1, waiting=False, awaited=(7,)), "an answer: 7."),
        (
            SyncResult(sent=6, acknowledged=2, waiting=False, again=4),
            "acknowledged before and wanted again by the portal: 4.\nNo report is open.",
        ),
        (
            SyncResult(sent=1, acknowledged=0, waiting=False, refused=((7, "not-yet"),)),
            "Report 7: The report ends in the receiver's future (not-yet).",
        ),
        (SyncResult(sent=1, acknowledged=0, waiting=False, refused=((7, "new"),)), "7: new"),
        (SyncResult(sent=0, acknowledged=0, waiting=False), "nothing to send"),
    ],
)
def test_sync_speaks_only_where_silence_would_mislead(result: SyncResult, said: str) -> None:
    text = _console(ScriptedAgent(synced=result)).execute("license smart sync all")
    assert said in text
    assert bool(text) is bool(said)


def test_an_import_says_what_was_refused() -> None:
    agent = ScriptedAgent(imported=ImportResult(acknowledged=(1,), refused=((2, "back-dated"),)))
    text = _console(agent).execute("license smart import ack.xml")
    assert text.split("\n") == [
        "Import Data Successful",
        "Report 2: The report adds usage to a period that is closed (back-dated).",
    ]


@pytest.mark.parametrize("path", ["tftp://192.0.2.1/a", "scp:a", "https://example.com/a"])
def test_files_in_the_network_are_refused(path: str) -> None:
    with pytest.raises(Problem, match="in the network") as refusal:
        _console(ScriptedAgent()).execute(f"license smart import {path}")
    assert refusal.value.code == "not-supported"


CONFIGURATION = [
    ("license smart transport smart", ConfigKey.TRANSPORT, "smart"),
    ("license smart transport off", ConfigKey.TRANSPORT, "off"),
    ("no license smart transport", ConfigKey.TRANSPORT, None),
    ("license smart url smart https://a/licservice/license", ConfigKey.URL_SMART, "https://a/licservice/license"),
    ("license smart url https://a/its", ConfigKey.URL, "https://a/its"),
    ("license smart url cslu http://a/cslu/v1/pi", ConfigKey.URL_CSLU, "http://a/cslu/v1/pi"),
    ("license smart url utility https://a/u", ConfigKey.URL_UTILITY, "https://a/u"),
    ("license smart url default", ConfigKey.URL_ALL, None),
    ("no license smart url", ConfigKey.URL_ALL, None),
    ("no license smart url https://a/its", ConfigKey.URL, None),
    ("license smart proxy address proxy.example.com", ConfigKey.PROXY_ADDRESS, "proxy.example.com"),
    ("license smart proxy port 3128", ConfigKey.PROXY_PORT, "3128"),
    ("no license smart proxy port 3128", ConfigKey.PROXY_PORT, None),
    ("license smart custom_id x", ConfigKey.CUSTOM_ID, "x"),
    ("license smart privacy all", ConfigKey.PRIVACY_ALL, ""),
    ("no license smart privacy", ConfigKey.PRIVACY_ALL, None),
    ("license smart utility", ConfigKey.UTILITY, ""),
    ("license smart reservation", ConfigKey.RESERVATION, ""),
    ("license boot level network-essentials", ConfigKey.BOOT_LEVEL, "network-essentials"),
    ("license boot lev network-adv addon dna-a", ConfigKey.BOOT_LEVEL, "network-advantage addon dna-advantage"),
    ("license air level air-network-a", ConfigKey.AIR_LEVEL, "air-network-advantage"),
    ("no license boot level network-advantage addon dna-advantage", ConfigKey.BOOT_LEVEL, None),
    ("no license smart url smart", ConfigKey.URL_SMART, None),
    ("no license smart url smart https://a/licservice/license", ConfigKey.URL_SMART, None),
    ("license smart usage interval 7", ConfigKey.USAGE_INTERVAL, "7"),
    ("no license smart usage interval", ConfigKey.USAGE_INTERVAL, None),
    ("no lic sm us int 7", ConfigKey.USAGE_INTERVAL, None),
]  # fmt: skip


@pytest.mark.requirement("PI-10/configure")
@pytest.mark.parametrize(("line", "key", "value"), CONFIGURATION)
def test_each_line_of_configuration_is_one_change(
    line: str, key: ConfigKey, value: str | None
) -> None:
    agent = ScriptedAgent()
    assert not _console(agent).configure([line])
    assert agent.asked == [("configure", ConfigChange(key=key, value=value))]


def test_lines_of_configuration_are_applied_together() -> None:
    agent = ScriptedAgent()
    lines = ["! a comment", "", "license smart transport smart", "license smart usage interval 7"]
    _console(agent).configure(lines)
    assert len(agent.asked) == 1
    assert agent.configuration().transport is TransportKind.SMART
    assert agent.configuration().usage_interval == 7


def test_one_wrong_line_changes_nothing() -> None:
    agent = ScriptedAgent()
    with pytest.raises(Problem, match="Invalid input"):
        _console(agent).configure(["license smart transport off", "license smart transport mail"])
    assert agent.asked == []


@pytest.mark.requirement("PI-10/configure")
@pytest.mark.parametrize("kind", ["cslu", "callhome", "automatic"])
def test_a_transport_of_a_later_release_can_be_configured(kind: str) -> None:
    agent = ScriptedAgent()
    told = _console(agent).configure([f"license smart transport {kind}"])
    assert told == f"The transport {kind} comes with a later release: nothing is sent until then."
    assert agent.settings.transport == kind


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("license smart transport cslu", "later"),
        ("no license smart server-identity-check", "checked"),
    ],
)
def test_what_is_kept_and_does_not_do_all_that_it_says_tells_so(line: str, word: str) -> None:
    assert word in _console(ScriptedAgent()).configure([line])


@pytest.mark.requirement("PI-10/release")
def test_a_command_of_a_later_release_is_refused_with_that_release() -> None:
    console = _console(ScriptedAgent(profile=scripted.product("17.6.4")))
    with pytest.raises(Problem, match=r"needs release 17\.7\.1; this is 17\.6\.4") as refusal:
        console.execute("show license rum id all")
    assert refusal.value.code == "not-supported"


def test_older_releases_print_fewer_lines() -> None:
    old = _console(ScriptedAgent(profile=scripted.product("17.3.2")))
    text = old.execute("show license status")
    assert "Account Information" not in text
    assert "VRF" not in text
    new = _console(ScriptedAgent(profile=scripted.product("17.15.1", "5.11.4")))
    assert "Reporting Mode: STANDARD" in new.execute("show license all")
    assert "Automatic Conversion Enabled: False" in new.execute("show license all")


def _hostile() -> ScriptedAgent:
    """Return a product instance whose every foreign text attacks the terminal."""
    state = scripted.ACKNOWLEDGED
    account = AccountRef("example.com", "DEFAULT")
    object.__setattr__(account, "virtual_account", ESCAPES)  # as if a check had been forgotten
    return ScriptedAgent(
        state=replace(
            state,
            account=AccountView(account=account, as_of=scripted.NOW),
            policy=replace(state.policy, name=ESCAPES, source=ESCAPES),
            transport=TransportView(kind="smart", url=ESCAPES, proxy=f"{ESCAPES}:80"),
            notices=(ESCAPES,),
        ),
        in_use=(scripted.usage(ESCAPES, ESCAPES, description=ESCAPES),),
        bought=(
            PurchaseView(
                tag=scripted.TAG, name=ESCAPES, quantity=1, term=ESCAPES, start=None, end=None
            ),
        ),
        logged=(
            EventView(sequence=1, at=1, name=ESCAPES, fields=((ESCAPES, ESCAPES),), text=ESCAPES),
        ),
    )


@pytest.mark.threat("E17", role="instance")
@pytest.mark.parametrize("line", [line for line, _ in SHOWS])
def test_no_text_from_elsewhere_reaches_the_terminal_raw(line: str) -> None:
    text = _console(_hostile()).execute(line)
    assert text.replace("\n", "").isprintable()
    assert not any(row.startswith("% forged") for row in text.split("\n"))


@pytest.mark.threat("E17", role="instance")
def test_an_escape_sequence_is_shown_as_text() -> None:
    text = _console(_hostile()).execute("show license status")
    assert r"Policy name: \x1b]0;owned\x07\x1b[2J\u202e\n% forged" in text


@pytest.mark.threat("E17", role="instance")
@pytest.mark.threat("F17", role="instance")
def test_a_value_cannot_forge_fields_of_the_event_log() -> None:
    event = EventView(
        sequence=1, at=1, name="SAEVT_X", fields=(("a", 'b" c="d'), ("empty", "")), text=""
    )
    text = _console(ScriptedAgent(logged=(event,))).execute("show license eventlog")
    assert text.endswith(r'SAEVT_X a="b\" c=\"d" empty=""')


def test_an_empty_event_log_says_so() -> None:
    text = _console(ScriptedAgent(logged=())).execute("show license eventlog 2")
    assert text.endswith("\n No EventLog Found.")


def test_a_fresh_product_instance_has_nothing_to_show() -> None:
    console = _console(ScriptedAgent(state=scripted.FRESH, in_use=()))
    assert "No licenses in use" in console.execute("show license summary")
    assert "No licenses in use" in console.execute("show license usage")
    status = console.execute("show license status")
    assert "Smart Account: <none>\n  Virtual Account: <none>" in status
    assert "Policy in use: Merged from multiple sources." in status
    assert "Reporting push interval: 0 (no reporting)" in status
    assert status.endswith("Trust Code Installed: <none>")


@pytest.mark.parametrize(
    ("transport", "lines"),
    [
        (TransportView(kind="off", url=None, proxy=None), ["  Type: Transport Off", ""]),
        (TransportView(kind="smart", url=None, proxy=None), ["  Type: Smart", "  URL: <empty>"]),
        (TransportView(kind="callhome", url=None, proxy=None), ["  Type: Callhome", ""]),
        (
            TransportView(kind="cslu", url="http://192.0.2.1:8182/cslu/v1/pi", proxy=None),
            ["  Type: cslu", "  Cslu address: http://192.0.2.1:8182/cslu/v1/pi"],
        ),
    ],
)
def test_each_transport_is_printed_in_its_way(transport: TransportView, lines: list[str]) -> None:
    agent = ScriptedAgent(state=replace(scripted.FRESH, transport=transport))
    text = _console(agent).execute("show license status | begin Type")
    assert text.split("\n")[: len(lines)] == lines


def test_a_proxy_is_printed_with_its_parts() -> None:
    transport = TransportView(kind="smart", url=None, proxy="proxy.example.com:3128")
    agent = ScriptedAgent(state=replace(scripted.FRESH, transport=transport))
    text = _console(agent).execute("show license status | include Address|Port:")
    assert text == "    Address: proxy.example.com\n    Port: 3128"


@pytest.mark.requirement("T2-trust/shown")
@pytest.mark.parametrize("line", ["show license status", "show license all"])
def test_a_factory_trust_code_is_told_apart(line: str) -> None:
    factory = (scripted.trust("Active", scripted.UDI, scripted.NOW, "factory"),)
    agent = ScriptedAgent(state=replace(scripted.FRESH, trust=factory))
    text = _console(agent).execute(line)
    assert "Oct 22 05:30:30 2021 UTC" in text
    assert "Trust Code Type: Factory" in text


def test_a_member_without_trust_is_named() -> None:
    members = (
        scripted.trust("Active", scripted.UDI, scripted.NOW, "cssm"),
        scripted.trust("Standby", scripted.UDI, None),
    )
    agent = ScriptedAgent(state=replace(scripted.FRESH, trust=members))
    assert "    NOT INSTALLED" in _console(agent).execute("show license status")


@pytest.mark.parametrize(
    ("group", "status", "export", "enforcement"),
    [
        ("perpetual", "IN USE", "NOT RESTRICTED", "NOT ENFORCED"),
        ("enforced", "NOT AUTHORIZED", "NOT RESTRICTED", "ENFORCED"),
        ("export", "NOT AUTHORIZED", "RESTRICTED - NOT ALLOWED", "EXPORT RESTRICTED"),
        ("export", "IN USE", "RESTRICTED - ALLOWED", "EXPORT RESTRICTED"),
    ],
)
def test_each_kind_of_licence_is_told_apart(
    group: str, status: str, export: str, enforcement: str
) -> None:
    agent = ScriptedAgent(in_use=(scripted.usage(group=group, status=status),))
    text = _console(agent).execute("show license usage")
    assert f"Status: {status}\n" in text
    assert f"Export status: {export}\n" in text
    assert f"Enforcement type: {enforcement}\n" in text


def test_purchases_are_listed_with_their_terms() -> None:
    bought = PurchaseView(
        tag=scripted.TAG,
        name="AIR-DNA-A (3Y):x",
        quantity=5,
        term="subscription",
        start=0,
        end=scripted.NOW,
    )
    forever = replace(bought, name="DNA_NWStack", term="perpetual", end=None)
    text = _console(ScriptedAgent(bought=(bought, forever))).execute("show license all")
    assert "    5 of AIR-DNA-A [3Y] x, subscription until Oct 22 2021\n" in text
    assert "    5 of DNA_NWStack, perpetual\n" in text


def test_a_refusal_of_the_product_instance_comes_through() -> None:
    agent = ScriptedAgent(refusal=Problem("transport-off", "The transport is off."))
    with pytest.raises(Problem, match="The transport is off"):
        _console(agent).execute("license smart sync all")


@pytest.mark.threat("E17", role="instance")
def test_a_refusal_quotes_a_portal_without_its_escape_sequences() -> None:
    agent = ScriptedAgent(refusal=Problem("peer-refused", "It said \x1b[2J\x07.", reply="x"))
    with pytest.raises(Problem) as refusal:
        _console(agent).execute("license smart sync all")
    assert refusal.value.detail == r"It said \x1b[2J\x07."
    assert refusal.value.diagnostics == {"reply": "x"}


def test_a_console_begins_in_the_working_folder() -> None:
    agent = ScriptedAgent()
    Console(agent).execute("license smart import ack.xml")
    assert agent.asked == [("import", Path("ack.xml"))]


@pytest.mark.requirement("PI-10/reference")
def test_the_reference_page_is_the_table() -> None:
    page = ROOT / "docs" / "reference" / "console-commands.md"
    assert page.read_text() == reference(), (
        "python -m gauger.surfaces.console.reference writes it anew"
    )


def test_every_command_has_help_and_its_own_syntax() -> None:
    assert len({(item.mode, item.syntax) for item in COMMANDS}) == len(COMMANDS)
    assert all(item.help.endswith(".") and len(item.help) <= 100 for item in COMMANDS)
    assert {item.mode for item in COMMANDS} == set(Mode)


@pytest.mark.requirement("PI-10/show")
def test_a_question_mark_lists_what_may_follow() -> None:
    agent = ScriptedAgent()
    lines = _console(agent).execute("sh lic s?").split("\n")
    assert [line.split()[0] for line in lines] == ["status", "summary"]
    assert _console(agent).configure(["license smart usage ?"]).split()[0] == "customer-tags"
    assert agent.asked == []


def test_a_question_does_not_keep_other_lines_from_being_applied() -> None:
    agent = ScriptedAgent()
    text = _console(agent).configure(["license smart ?", "license smart transport off"])
    assert "transport" in text
    assert agent.settings.transport is TransportKind.OFF


@pytest.mark.parametrize("behind", ["nonsense x", "include", "include " + "x" * 81])
def test_a_filter_that_is_refused_lets_nothing_be_done(behind: str) -> None:
    agent = ScriptedAgent()
    with pytest.raises(Problem, match="invalid-command"):
        _console(agent).execute(f"license smart sync all | {behind}")
    assert not agent.asked


def test_a_working_folder_that_was_deleted_stops_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Console(ScriptedAgent()).execute("show license udi").startswith("UDI:")


def test_a_question_mark_behind_a_bar_lists_the_filters() -> None:
    text = _console(ScriptedAgent()).execute("show license status | ?")
    found = [line.split()[0] for line in text.split("\n")]
    assert found == ["begin", "count", "exclude", "include", "section"]


@pytest.mark.parametrize(
    "line", ["license smart transport smart", "no license smart url", "lic sm url"]
)
def test_a_line_of_configuration_typed_as_exec_is_shown_its_place(line: str) -> None:
    with pytest.raises(Problem, match=r"line of configuration.*`gauger instance config`"):
        _console(ScriptedAgent()).execute(line)


@pytest.mark.parametrize("line", ["show license status", "sh lic", "license smart sync all"])
def test_an_exec_command_typed_as_configuration_is_shown_its_place(line: str) -> None:
    with pytest.raises(Problem, match=r"EXEC command.*`gauger instance exec`"):
        _console(ScriptedAgent()).configure([line])


@pytest.mark.parametrize("line", ["conf t", "configure terminal", "end", "enable"])
def test_words_that_change_modes_are_explained(line: str) -> None:
    with pytest.raises(Problem, match="no modes to enter or leave"):
        _console(ScriptedAgent()).execute(line)


def test_a_line_of_neither_mode_is_not_sent_elsewhere() -> None:
    with pytest.raises(Problem) as refusal:
        _console(ScriptedAgent()).execute("show interfaces")
    assert "gauger instance" not in refusal.value.detail
