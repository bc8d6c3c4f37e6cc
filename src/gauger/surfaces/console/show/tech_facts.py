"""The section `Other Info` of `show license tech support`: what the agent is made of.

Most of it never changes: a published agent prints how it was built and which parts it was given.
The values are those of this system, in that vocabulary.
"""

import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from gauger.core.releases import Feature
from gauger.instance.tech_views import TechView
from gauger.instance.views import TrustView
from gauger.surfaces.console.show.everything import Everything
from gauger.surfaces.console.text import shown

_CAPABILITIES: Final = "EXPORT_2, OK_TRY_AGAIN, POLICY_USAGE"
_KILOBYTE: Final = 1024
# C types by their codes; a size_t is as wide as a pointer here.
_SIZES: Final = (
    ("(char)  ", "c"),
    ("(int)   ", "i"),
    ("(long)  ", "l"),
    ("(char *)", "P"),
    ("(time_t)", "q"),
    ("(size_t)", "N"),
)
_PARTS: Final = (
    ("Check Point Interface", "True"),
    ("Config Management Interface", "True"),
    ("License Map Interface", "True"),
    ("HA Interface", "False"),
    ("Trusted Store Interface", "True"),
    ("Platform Data Interface", "True"),
    ("Crypto Version 2 Interface", "False"),
    ("SAPluginMgmtInterfaceMutex", "True"),
    ("SAPluginMgmtIPDomainName", "False"),
)
_BUILD: Final = (
    ("SmartAgentClientWaitForServer", "2000"),
    ("SmartAgentCmReTrySend", "True"),
    ("SmartAgentClientIsUnified", "True"),
    ("SmartAgentCmClient", "True"),
    ("SmartAgentClientName", "Gauger"),
    ("builtInEncryption", "True"),
    ("enableOnInit", "True"),
    ("routingReadyByEvent", "False"),
    ("systemInitByEvent", "False"),
    ("SmartTransportServerIdCheck", "True"),
    ("SmartTransportProxySupport", "True"),
    ("SmartAgentComplianceStatus", "False"),
    ("SmartAgentTelemetryRumReportMax", "0"),
    ("SmartAgentRumTelemetryRumStoreMin", "0"),
    ("SmartAgentPolicyDisplayFormat", "0"),
    ("SmartAgentReportOnUpgrade", "False"),
    ("SmartAgentIndividualRUMEncrypt", "2"),
    ("SmartAgentMaxRumMemory", "50"),
    ("SmartAgentConcurrentThreadMax", "10"),
    ("SmartAgentPolicyControllerModel", "False"),
    ("SmartAgentDisableCacheSWID", "False"),
    ("SmartAgentPolicyModel", "True"),
    ("SmartAgentFederalLicense", "False"),
    ("SmartAgentMultiTenant", "False"),
    ("attr365DayEvalSyslog", "True"),
    ("checkPointWriteOnly", "False"),
    ("SmartAgentDelayCertValidation", "False"),
    ("enableByDefault", "True"),
    ("conversionAutomatic", "False"),
    ("conversionAllowed", "False"),
    ("storageEncryptDisable", "False"),
    ("storageLoadUnencryptedDisable", "True"),
    ("TSPluginDisable", "False"),
    ("bypassUDICheck", "False"),
    ("loggingAddTStamp", "True"),
    ("loggingAddTid", "False"),
    ("HighAvailabilityOverrideEvent", "UnknownPlatformEvent"),
    ("platformIndependentOverrideEvent", "UnknownPlatformEvent"),
    ("platformOverrideEvent", "UnknownPlatformEvent"),
    ("WaitForHaRole", "False"),
    ("standbyIsHot", "False"),
    ("chkPtType", "2"),
    ("delayCommInit", "False"),
    ("roleByEvent", "False"),
    ("maxTraceLength", "150"),
    ("traceAlwaysOn", "False"),
    ("debugFlags", "0"),
)


def other_info(view: Everything, tech: TechView, *, is_clock_set: bool) -> list[str]:
    """Return the lines of the section.

    Args:
        view: The product instance at one moment.
        tech: What support looks at.
        is_clock_set: Whether the wall clock was ever set.
    """
    return [
        *_identity(view),
        *_machine(),
        *_connection(),
        *(f"{name}: {value}" for name, value in _PARTS),
        f"SmartTransportVRFSupport: {view.profile.allows(Feature.VRF)}",
        *(f"{name}: {value}" for name, value in _BUILD),
        "Event log max size: 5120 KB",
        f"Event log current size: {-(-tech.log_bytes // _KILOBYTE)} KB",
        *_trust(view.status.trust, tech),
        f"Clock sync-ed with NTP: {is_clock_set}",
    ]


def _identity(view: Everything) -> Iterator[str]:
    status = view.status
    kinds = {"off": "Transport Off", "smart": "Smart", "callhome": "Callhome", "cslu": "cslu"}
    yield f"Software ID: {shown(view.profile.software_tag)}"
    yield "Agent State: authorized"
    yield "TS enable: True"
    yield f"Transport: {kinds.get(status.transport.kind, 'Automatic')}"
    if status.transport.kind == "smart":
        # There is no portal that every device knows: what is configured is the only one.
        yield f"  Default URL: {shown(status.transport.url or '')}"
    yield "Locale: en_US.UTF-8"
    yield "Debug flags: 0x0"
    yield f"Privacy Send Hostname: {status.sends_hostname}"
    # No message of this system carries an address.
    yield "Privacy Send IP: False"
    yield "Build type:: Production"


def _machine() -> Iterator[str]:
    for name, code in _SIZES:
        yield f"sizeof{name}: {struct.calcsize(code)}"
    yield f"Endian: {sys.byteorder.capitalize()}"
    yield "Write Erase Occurred: False"
    yield "XOS version: 0.0.0.0"
    yield "Config Persist Received: True"
    yield "Message Version: 1.3"


def _connection() -> Iterator[str]:
    yield "connect_info.name: SSM"
    yield "connect_info.version: 1.3"
    yield "connect_info.additional: "
    yield "connect_info.prod: True"
    yield f"connect_info.capabilities: {_CAPABILITIES}"
    yield f"agent.capabilities: {_CAPABILITIES}"


def _trust(trust: Sequence[TrustView], tech: TechView) -> Iterator[str]:
    is_alone = len(trust) == 1
    for view in trust:
        name = f"P:{shown(view.udi.pid)},S:{shown(view.udi.serial)}"
        label = "Local Device" if is_alone else name
        if view.installed_at is None:
            yield f"{label}: No Trust Data"
        else:
            number = tech.trust_number or 0
            yield f"{label}: {name}, state[2], Trust Data INSTALLED  TrustId:{number}"
    is_installed = any(view.installed_at is not None for view in trust)
    yield f"Overall Trust: {'INSTALLED (2)' if is_installed else 'No ID'}"
