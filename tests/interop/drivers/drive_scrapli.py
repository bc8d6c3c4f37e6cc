"""Drive a device with scrapli, the core of 2026 on, over each of its SSH transports.

Where the device is, and who comes, stands in the environment; what was seen is printed as JSON.
"""

import json
import os
import sys
from typing import Any

from scrapli import (  # type: ignore[import-not-found]  # lives elsewhere
    AuthOptions,
    Cli,
    LookupKeyValue,
    TransportBinOptions,
    TransportSsh2Options,
)


def drive(transport: object) -> dict[str, Any]:
    """Log in, look, configure, report."""
    auth = AuthOptions(
        username=os.environ["DEVICE_USER"],
        password=os.environ["DEVICE_PASSWORD"],
        lookups=[LookupKeyValue("enable", os.environ["DEVICE_ENABLE"])],
    )
    with Cli(
        os.environ["DEVICE_HOST"],
        port=int(os.environ["DEVICE_PORT"]),
        definition_file_or_name="cisco_iosxe",
        auth_options=auth,
        transport_options=transport,
    ) as device:
        seen = {"prompt": device.get_prompt().result}
        lines = [
            "license smart transport smart",
            f"license smart url smart {os.environ['PORTAL_URL']}",
        ]
        seen["configured"] = not device.send_inputs(lines, requested_mode="configuration").failed
        seen["sync"] = device.send_input("license smart sync all").result
        status = device.send_input("show license status")
        seen["textfsm"] = status.textfsm_parse()
        seen["genie"] = status.genie_parse()
        seen["running"] = device.send_input("show running-config | include license smart").result
        seen["refused"] = device.send_input("show licence status").failed
    return seen


seen = {
    "bin": drive(TransportBinOptions(enable_strict_key=False)),
    "ssh2": drive(TransportSsh2Options()),
}
json.dump(seen, sys.stdout)
