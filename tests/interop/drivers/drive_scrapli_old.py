"""Drive a device with scrapli, the core before 2026, over two of its transports.

Where the device is, and who comes, stands in the environment; what was seen is printed as JSON.
"""

import asyncio
import json
import os
import sys
from typing import Any

from scrapli.driver.core import (  # type: ignore[import-not-found]  # lives elsewhere
    AsyncIOSXEDriver,
    IOSXEDriver,
)

DEVICE = {
    "host": os.environ["DEVICE_HOST"],
    "port": int(os.environ["DEVICE_PORT"]),
    "auth_username": os.environ["DEVICE_USER"],
    "auth_password": os.environ["DEVICE_PASSWORD"],
    "auth_secondary": os.environ["DEVICE_ENABLE"],
    "auth_strict_key": False,
}
LINES = [
    "license smart transport smart",
    f"license smart url smart {os.environ['PORTAL_URL']}",
]
LOOK = "show running-config | include license smart"


def drive() -> dict[str, Any]:
    """Log in by OpenSSH's client, configure, report."""
    with IOSXEDriver(**DEVICE, transport="system") as device:
        return {
            "prompt": device.get_prompt(),
            "configured": not device.send_configs(LINES).failed,
            "sync": device.send_command("license smart sync all").result,
            "running": device.send_command(LOOK).result,
            "refused": device.send_command("show licence status").failed,
        }


async def drive_async() -> dict[str, Any]:
    """Do the same by asyncssh."""
    async with AsyncIOSXEDriver(**DEVICE, transport="asyncssh") as device:
        return {
            "prompt": await device.get_prompt(),
            "configured": not (await device.send_configs(LINES)).failed,
            "sync": (await device.send_command("license smart sync all")).result,
            "running": (await device.send_command(LOOK)).result,
            "refused": (await device.send_command("show licence status")).failed,
        }


json.dump({"system": drive(), "asyncssh": asyncio.run(drive_async())}, sys.stdout)
