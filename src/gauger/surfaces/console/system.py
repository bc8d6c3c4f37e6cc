"""Handlers of what belongs to the device as a whole: its names, its lines, its configuration."""

from collections.abc import Callable
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.config import ConfigChange, ConfigKey, Configuration
from gauger.instance.configuring import HASHED, PLAIN
from gauger.instance.settings import written, written_all
from gauger.instance.views import UserSecretView
from gauger.surfaces.console.banners import parted
from gauger.surfaces.console.configure import Handle
from gauger.surfaces.console.session import ConsoleMatch, Session

_SAVED: Final = "Building configuration...\n[OK]"

_BEFORE_NAME: Final = (ConfigKey.SERVICE_INTERNAL,)
_NAME: Final = (ConfigKey.HOSTNAME,)
_LOGGING: Final = (
    ConfigKey.LOGGING_BUFFERED,
    ConfigKey.LOGGING_CONSOLE,
    ConfigKey.LOGGING_MONITOR,
)
_SECRETS: Final = (ConfigKey.ENABLE_SECRET,)
_LICENSING: Final = (
    ConfigKey.BOOT_LEVEL,
    ConfigKey.AIR_LEVEL,
    ConfigKey.CUSTOM_ID,
    ConfigKey.PRIVACY_HOSTNAME,
    ConfigKey.PRIVACY_VERSION,
    ConfigKey.PROXY_ADDRESS,
    ConfigKey.PROXY_PORT,
    ConfigKey.RESERVATION,
    ConfigKey.SERVER_IDENTITY_CHECK,
    ConfigKey.TRANSPORT,
    ConfigKey.URL,
    ConfigKey.URL_SMART,
    ConfigKey.URL_CSLU,
    ConfigKey.URL_UTILITY,
    ConfigKey.USAGE_INTERVAL,
    ConfigKey.CUSTOMER_TAGS,
    ConfigKey.UTILITY,
    ConfigKey.CUSTOMER_INFO,
    ConfigKey.VRF,
)
_REMOTE: Final = (ConfigKey.LOGGING_TRAP, ConfigKey.LOGGING_HOST)
_BANNERS: Final = (ConfigKey.BANNER_EXEC, ConfigKey.BANNER_LOGIN, ConfigKey.BANNER_MOTD)
_SECTIONS: Final = (
    _BEFORE_NAME,
    _NAME,
    _LOGGING,
    _SECRETS,
    _LICENSING,
    _REMOTE,
    _BANNERS,
)
"""In the order of a device; users stand behind the enable secret, lines at the end."""


# What is so in any case, in the form in which devices say it.
_ALWAYS: Final = (
    "service timestamps debug datetime msec",
    "service timestamps log datetime msec",
    "service password-encryption",
)

Write = Callable[..., list[str]]


def configuration_lines(
    configuration: Configuration,
    users: tuple[UserSecretView, ...],
    release: str,
    write: Write = written,
) -> list[str]:
    """Return the lines of a configuration, from the first ``!`` to ``end``.

    Typed into a device with the defaults, they make the same configuration.

    Args:
        configuration: The configuration.
        users: Who may log in.
        release: The release, in two numbers.
        write: Which lines of a setting: `written`, or `written_all` for the defaults too.
    """
    lines = ["!", f"version {release}", *(_ALWAYS if write is written_all else ())]
    for section in _SECTIONS:
        found = write(configuration, *section)
        if section is _SECRETS:
            found += [
                f"username {user.name} privilege {user.privilege} secret {HASHED} {user.secret}"
                for user in users
            ]
        lines += [*found, "!"] if found else []
    return [*lines, *_terminal_lines(configuration, write), "!", "end"]


def _terminal_lines(configuration: Configuration, write: Write) -> list[str]:
    console = write(configuration, ConfigKey.TIMEOUT_CONSOLE)
    vty = write(configuration, ConfigKey.TIMEOUT_VTY)
    below = ["line con 0", *console, "line vty 0 4", *vty, "login local", "transport input ssh"]
    return [line if line.startswith("line ") else f" {line}" for line in below]


def show_running(session: Session, match: ConsoleMatch, /) -> str:
    """Show what is in force; with ``all`` also what is as it was at first."""
    write = written_all if "all" in match.values else written
    body = _body(session, session.views.configuration(), write)
    # The bytes of what follows, each line with its end, as tools that compare them expect.
    head = f"Building configuration...\n\nCurrent configuration : {len(body.encode()) + 1} bytes\n"
    return head + body


def show_startup(session: Session, _: ConsoleMatch, /) -> str:
    """Show what the next boot begins with."""
    startup = session.views.startup_configuration()
    if startup is None:
        return "startup-config is not present"
    body = _body(session, startup)
    return f"Using {len(body.encode()) + 1} out of 33554432 bytes\n{body}"


def _body(session: Session, configuration: Configuration, write: Write = written) -> str:
    views = session.views
    train = ".".join(map(str, views.profile.release.train))
    return "\n".join(configuration_lines(configuration, views.user_secrets(), train, write))


def write_memory(session: Session, _: ConsoleMatch, /) -> str:
    """Save what is in force."""
    return save(session)


def save(session: Session) -> str:
    """Save what is in force, and return what is printed."""
    session.agent.save_configuration()
    return _SAVED


def copy_running(session: Session, _: ConsoleMatch, /) -> str:
    """Save what is in force, by the longer name of the command."""
    if session.shell is None:
        return save(session)

    def then(answer: str) -> str:
        # Another name would be another file, and there is none: it must not pass for saved.
        if answer.strip() not in {"", "startup-config"}:
            raise Problem("not-supported", "The configuration is saved as startup-config only.")
        return save(session)

    session.shell.ask("Destination filename [startup-config]? ", then)
    return ""


def erase(session: Session, _: ConsoleMatch, /) -> str:
    """Have the next boot begin with the defaults."""

    def then() -> str:
        session.agent.erase_configuration()
        return "[OK]\nErase of nvram: complete"

    if session.shell is None:
        return then()
    session.shell.confirm("The saved configuration will be lost. Continue? [confirm]", then)
    return ""


def user(session: Session, match: ConsoleMatch, /) -> str:
    """Set who may log in."""
    values = match.values
    privilege = values.get("level", "1")
    value = f"{privilege} {values.get('form', PLAIN)} {values['password']}"
    change = ConfigChange(key=ConfigKey.USERNAME, value=value, member=values["user"])
    session.changes.append(change)
    return ""


def enable_secret(session: Session, match: ConsoleMatch, /) -> str:
    """Set the password of `enable`."""
    value = f"{match.values.get('form', PLAIN)} {match.values['password']}"
    session.changes.append(ConfigChange(key=ConfigKey.ENABLE_SECRET, value=value))
    return ""


_BANNER_KEYS: Final = {
    "motd": ConfigKey.BANNER_MOTD,
    "login": ConfigKey.BANNER_LOGIN,
    "exec": ConfigKey.BANNER_EXEC,
}


def banner(session: Session, match: ConsoleMatch, /) -> str:
    """Set a banner; the rest of one that goes on is read from the terminal.

    Raises:
        Problem: ``invalid-argument`` where nothing ends it and there is no terminal.
    """
    key = _BANNER_KEYS[match.values["kind"]]
    text, end = parted(match.values["text"])
    if end is None:
        session.changes.append(ConfigChange(key=key, value=text))
        return ""
    if session.shell is None:
        raise Problem("invalid-argument", f"Nothing ends the banner: put {end} behind it.")

    def then(more: str) -> str:
        whole = f"{text}\n{more}" if text else more
        session.agent.configure([ConfigChange(key=key, value=whole)], save=False)
        return ""

    session.shell.read_text(end, then)
    return f"Enter TEXT message.  End with the character '{end}'."


def no_banner(session: Session, match: ConsoleMatch, /) -> str:
    """Show no banner."""
    change = ConfigChange(key=_BANNER_KEYS[match.values["kind"]], value=None)
    session.changes.append(change)
    return ""


def exec_timeout(*, is_set: bool) -> Handle:
    """Make the handler of the idle limit of the lines that are configured.

    Args:
        is_set: Whether a limit is named; else the default is restored.
    """

    def handler(session: Session, match: ConsoleMatch, /) -> str:
        is_console = session.line == "console"
        key = ConfigKey.TIMEOUT_CONSOLE if is_console else ConfigKey.TIMEOUT_VTY
        values = match.values
        value = f"{values['minutes']} {values.get('seconds', '0')}" if is_set else None
        session.changes.append(ConfigChange(key=key, value=value))
        return ""

    return handler
