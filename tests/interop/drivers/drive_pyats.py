"""Drive a device with pyATS: Unicon connects, configures and reports, Genie parses live.

Where the device is, and who comes, stands in the environment; what was seen is printed as JSON.
"""

import json
import os
import sys

from genie.testbed import load  # type: ignore[import-not-found]  # lives elsewhere
from unicon.core.errors import SubCommandFailure  # type: ignore[import-not-found]  # lives elsewhere

testbed = load(
    {
        "devices": {
            "pi": {
                "os": "iosxe",
                "type": "router",
                "credentials": {
                    "default": {
                        "username": os.environ["DEVICE_USER"],
                        "password": os.environ["DEVICE_PASSWORD"],
                    },
                    "enable": {"password": os.environ["DEVICE_ENABLE"]},
                },
                "connections": {
                    "cli": {
                        "protocol": "ssh",
                        "ip": os.environ["DEVICE_HOST"],
                        "port": int(os.environ["DEVICE_PORT"]),
                        "ssh_options": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
                    }
                },
            }
        }
    }
)
device = testbed.devices["pi"]
device.connect(learn_hostname=True, log_stdout=False)
device.configure(
    ["license smart transport smart", f"license smart url smart {os.environ['PORTAL_URL']}"]
)
seen = {"hostname": device.hostname, "sync": device.execute("license smart sync all", timeout=60)}
seen["parsed"] = {line: device.parse(line) for line in os.environ["SHOW"].split(",")}
try:
    device.configure("license smart nonsense")
except SubCommandFailure:
    seen["refused"] = True
device.disconnect()
json.dump(seen, sys.stdout)
