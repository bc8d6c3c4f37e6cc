"""Drive a device with netmiko: log in to look, enable, configure, report, save.

Where the device is, and who comes, stands in the environment; what was seen is printed as JSON.
"""

import json
import os
import sys

from netmiko import ConnectHandler  # type: ignore[import-not-found]  # lives elsewhere

device = {
    "host": os.environ["DEVICE_HOST"],
    "port": int(os.environ["DEVICE_PORT"]),
    "username": os.environ["DEVICE_USER"],
    "password": os.environ["DEVICE_PASSWORD"],
    "secret": os.environ["DEVICE_ENABLE"],
}
connection = ConnectHandler(device_type="cisco_ios", **device)
seen = {"prompt": connection.find_prompt()}
connection.enable()
seen["enabled"] = connection.find_prompt()

connection.send_config_set(
    [
        "license smart transport smart",
        f"license smart url smart {os.environ['PORTAL_URL']}",
    ]
)
seen["trust"] = connection.send_command(
    f"license smart trust idtoken {os.environ['ID_TOKEN']} local", read_timeout=60
)
seen["sync"] = connection.send_command("license smart sync all", read_timeout=60)
seen["saved"] = connection.save_config()

seen["textfsm"] = connection.send_command("show license status", use_textfsm=True)
seen["running"] = connection.send_command("show running-config | include license smart")
seen["wrong"] = connection.send_command("show licence status")
connection.disconnect()

# Genie's parsers of licensing are those of IOS XE, which netmiko knows as another type of device.
with ConnectHandler(device_type="cisco_xe", **device) as connection:
    seen["genie"] = connection.send_command("show license status", use_genie=True)
json.dump(seen, sys.stdout)
