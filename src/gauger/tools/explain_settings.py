"""Explains TOML files: the settings of a portal, and product profiles."""

import tomllib
from pathlib import Path

from gauger.core.problems import Problem
from gauger.core.profiles import read_profile
from gauger.cssm.config import FILE_NAME, Value, describe, load_config
from gauger.tools.finding import Finding
from gauger.tools.secrecy import PUBLIC


def explain_toml(path: Path, data: bytes) -> Finding:
    """Explain a TOML file.

    Raises:
        Problem: ``profile-invalid``, or what reading the settings refuses.
    """
    try:
        table = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        # Brackets within brackets, thousands deep, end the reader before the text ends.
        raise Problem("profile-invalid", f"{path} is not TOML: {error}.") from error
    sections = {setting.section for setting in describe()}
    # An empty file says nothing of itself: only its name makes it settings.
    if table.keys() <= sections and (table or path.name == FILE_NAME):
        return _explain_settings(path, table)
    profile = read_profile(table, source=str(path))
    facts = [("Product", profile.title), ("Product ids", ", ".join(profile.pids))]
    facts.extend(
        ("Licence", f"{licence.name}: {licence.term}, {licence.enforcement} ({licence.tag})")
        for licence in profile.licences
    )
    step = "Mint product instances of it: `gauger factory mint --profile FILE`."
    return Finding(title="Product profile", facts=tuple(facts), next_steps=(step,))


def _explain_settings(path: Path, table: dict[str, dict[str, Value]]) -> Finding:
    # Judged as the portal itself does it at its start, under whatever name the file stands here.
    load_config(path / "none", override=table)
    facts = [
        (f"[{section}] {name}", str(value))
        for section, values in table.items()
        for name, value in values.items()
    ]
    count = sum(1 for _ in describe())
    facts.append(("Default", f"{count - len(facts)} of {count} settings"))
    facts.append(PUBLIC)
    step = "A portal reads it at its start (`gauger cssm serve`): restart it after a change."
    return Finding(title="Settings of a portal", facts=tuple(facts), next_steps=(step,))
