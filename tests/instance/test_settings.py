"""Each setting: what it takes, what its `no` form makes of it, and how it is written."""

from dataclasses import fields, replace

import pytest

from gauger.core.problems import Problem
from gauger.core.ways import LoggingHost, LogTransport
from gauger.instance.config import DEFAULTS, ConfigChange, ConfigKey, Configuration, TransportKind
from gauger.instance.setting_kinds import check_hash, severity
from gauger.instance.settings import MOST_LOGGING_HOSTS, SETTINGS, apply_change, written

HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"
    "$RdescudvJCsgt3ub+b+dWRWJTmaaJObGRdescudvJCs"
)


def after(
    key: ConfigKey, value: str | None, member: str | None = None, at: Configuration = DEFAULTS
) -> Configuration:
    return apply_change(at, ConfigChange(key=key, value=value, member=member))


def refused(key: ConfigKey, value: str | None, member: str | None = None) -> str:
    with pytest.raises(Problem) as problem:
        after(key, value, member)
    return problem.value.code


GOOD = [
    (ConfigKey.TRANSPORT, "callhome", "license smart transport callhome"),
    (ConfigKey.URL, "https://a/its", "license smart url https://a/its"),
    (ConfigKey.URL_CSLU, "http://10.1.1.1:8182/cslu/v1/pi", "license smart url cslu "),
    (ConfigKey.URL_UTILITY, "https://u/x", "license smart url utility https://u/x"),
    (ConfigKey.PROXY_ADDRESS, "proxy.example.com", "license smart proxy address proxy"),
    (ConfigKey.PROXY_PORT, "3128", "license smart proxy port 3128"),
    (ConfigKey.VRF, "Mgmt-vrf", "license smart vrf Mgmt-vrf"),
    (ConfigKey.USAGE_INTERVAL, "0", "license smart usage interval 0"),
    (ConfigKey.CUSTOM_ID, "Floor 3", 'license smart custom_id "Floor 3"'),
    (ConfigKey.PRIVACY_HOSTNAME, "", "license smart privacy hostname"),
    (ConfigKey.PRIVACY_VERSION, "", "license smart privacy version"),
    (ConfigKey.UTILITY, "", "license smart utility"),
    (ConfigKey.RESERVATION, "", "license smart reservation"),
    (ConfigKey.BOOT_LEVEL, "network-advantage addon dna-advantage", "license boot level network-"),
    (ConfigKey.AIR_LEVEL, "air-network-essentials", "license air level air-network-essentials"),
    (ConfigKey.HOSTNAME, "edge-1", "hostname edge-1"),
    (ConfigKey.ENABLE_SECRET, HASH, f"enable secret 9 {HASH}"),
    (ConfigKey.LOGGING_BUFFERED, "8192", "logging buffered 8192"),
    (ConfigKey.LOGGING_CONSOLE, "warn", "logging console warnings"),
    (ConfigKey.LOGGING_MONITOR, "3", "logging monitor errors"),
    (ConfigKey.LOGGING_TRAP, "debugging", "logging trap debugging"),
    (ConfigKey.TIMEOUT_CONSOLE, "0", "exec-timeout 0 0"),
    (ConfigKey.TIMEOUT_VTY, "5 30", "exec-timeout 5 30"),
    (ConfigKey.SERVICE_INTERNAL, "", "service internal"),
    (ConfigKey.BANNER_MOTD, "Keep out.", "banner motd ^CKeep out.^C"),
]


@pytest.mark.requirement("PI-10/configuration")
@pytest.mark.parametrize(("key", "value", "line"), GOOD)
def test_a_setting_is_kept_and_written(key: ConfigKey, value: str, line: str) -> None:
    changed = after(key, value)
    assert changed != DEFAULTS
    assert written(changed, key)[0].startswith(line)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, value, _ in GOOD])
def test_the_no_form_takes_it_back(key: ConfigKey, value: str) -> None:
    again = after(key, None, at=after(key, value))
    # `no logging …` is not the default of a device, it is silence.
    is_silence = key.value.startswith("logging ")
    assert written(again, key) == ([f"no {key.value}"] if is_silence else [])


@pytest.mark.parametrize("key", list(SETTINGS))
def test_a_default_is_not_written(key: ConfigKey) -> None:
    assert written(DEFAULTS, key) == []


def test_every_field_has_a_row_that_writes_it() -> None:
    told = {field for setting in SETTINGS.values() for field in setting.fields}
    assert told == {field.name for field in fields(Configuration)}


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        (ConfigKey.URL, "ftp://a/x"),
        (ConfigKey.URL_CSLU, "https://user:pw@a/x"),
        (ConfigKey.URL_CSLU, "https://a b/"),
        (ConfigKey.URL_ALL, "x"),
        (ConfigKey.PROXY_ADDRESS, "a b"),
        (ConfigKey.PROXY_PORT, "65536"),
        (ConfigKey.VRF, "a" * 33),
        (ConfigKey.CUSTOM_ID, 'a"b'),
        (ConfigKey.CUSTOM_ID, "a\x1bb"),
        (ConfigKey.CUSTOM_ID, "a" * 128),
        (ConfigKey.BOOT_LEVEL, "network-essentials addon dna-advantage"),
        (ConfigKey.AIR_LEVEL, "network-advantage"),
        (ConfigKey.HOSTNAME, "a#b"),
        (ConfigKey.HOSTNAME, "-a"),
        (ConfigKey.ENABLE_SECRET, "plain"),
        (ConfigKey.LOGGING_BUFFERED, "1"),
        (ConfigKey.LOGGING_CONSOLE, "e"),
        (ConfigKey.LOGGING_MONITOR, "8"),
        (ConfigKey.TIMEOUT_VTY, "35792"),
        (ConfigKey.TIMEOUT_VTY, "35791 60"),
        (ConfigKey.BANNER_MOTD, "a\x1b[2J"),
        (ConfigKey.BANNER_MOTD, "a^C"),
        (ConfigKey.BANNER_MOTD, "a" * 3001),
    ],
)
def test_what_will_not_do_is_refused(key: ConfigKey, value: str) -> None:
    assert refused(key, value) == "invalid-argument"


def test_a_url_of_all_is_forgotten_together() -> None:
    full = Configuration(url_smart="a", url_cslu="b", url_utility="c", url_plain="d")
    assert after(ConfigKey.URL_ALL, None, at=full) == DEFAULTS


def test_privacy_of_all_is_two_settings() -> None:
    withheld = after(ConfigKey.PRIVACY_ALL, "")
    assert withheld == Configuration(privacy_hostname=True, privacy_version=True)
    assert after(ConfigKey.PRIVACY_ALL, None, at=withheld) == DEFAULTS


def test_customer_tags_are_set_one_by_one() -> None:
    two = after(ConfigKey.CUSTOMER_TAGS, "b", "tag2")
    two = after(ConfigKey.CUSTOMER_TAGS, "a a", "tag1", two)
    assert two.customer_tags == (("tag1", "a a"), ("tag2", "b"))
    assert written(two, ConfigKey.CUSTOMER_TAGS) == [
        'license smart usage customer-tags tag1 "a a"',
        "license smart usage customer-tags tag2 b",
    ]
    one = after(ConfigKey.CUSTOMER_TAGS, None, "tag1", two)
    assert one.customer_tags == (("tag2", "b"),)
    assert after(ConfigKey.CUSTOMER_TAGS, None, at=two) == DEFAULTS
    assert refused(ConfigKey.CUSTOMER_TAGS, "x", "tag5") == "invalid-argument"


def test_logging_hosts_have_a_way_and_a_port() -> None:
    configured = after(ConfigKey.LOGGING_HOST, "", "log")
    configured = after(ConfigKey.LOGGING_HOST, "tls", "10.0.0.1", configured)
    configured = after(ConfigKey.LOGGING_HOST, "tcp 1514", "b", configured)
    assert configured.logging_hosts == (
        LoggingHost(host="log"),
        LoggingHost(host="10.0.0.1", transport=LogTransport.TLS, port=6514),
        LoggingHost(host="b", transport=LogTransport.TCP, port=1514),
    )
    assert written(configured, ConfigKey.LOGGING_HOST) == [
        "logging host log",
        "logging host 10.0.0.1 transport tls port 6514",
        "logging host b transport tcp port 1514",
    ]
    assert len(after(ConfigKey.LOGGING_HOST, None, "log", configured).logging_hosts) == 2


def test_logging_hosts_are_checked() -> None:
    assert refused(ConfigKey.LOGGING_HOST, "", "a b") == "invalid-argument"
    assert refused(ConfigKey.LOGGING_HOST, "sctp", "a") == "invalid-argument"
    many = tuple(LoggingHost(host=f"h{number}") for number in range(MOST_LOGGING_HOSTS))
    full = replace(DEFAULTS, logging_hosts=many)
    with pytest.raises(Problem, match="invalid-argument"):
        after(ConfigKey.LOGGING_HOST, "", "one-more", full)


def test_logging_is_turned_on_again_as_it_was() -> None:
    silent = Configuration(logging_console=None, logging_buffered=None)
    on = after(ConfigKey.LOGGING_CONSOLE, "", at=silent)
    assert after(ConfigKey.LOGGING_BUFFERED, "", at=on) == DEFAULTS


def test_a_severity_is_a_number_or_a_name() -> None:
    assert [severity("0"), severity("emerg"), severity("debugging")] == [0, 0, 7]


@pytest.mark.threat("E17", role="instance")
@pytest.mark.parametrize(
    "text",
    [
        HASH.replace("19456", "8"),
        HASH.replace("19456", "999999"),
        HASH.replace("t=2", "t=99"),
        HASH.replace("argon2id", "argon2i"),
        HASH[:-20],
        f"{HASH}\n",
        "$9$vendor",
    ],
)
def test_a_hash_that_is_weak_or_eats_memory_is_refused(text: str) -> None:
    assert check_hash(HASH) == HASH
    with pytest.raises(Problem, match="invalid-argument"):
        check_hash(text)


def test_the_transport_comes_back_to_its_default() -> None:
    smart = after(ConfigKey.TRANSPORT, "smart")
    assert smart.transport is TransportKind.SMART
    assert after(ConfigKey.TRANSPORT, None, at=smart) == DEFAULTS
    assert refused(ConfigKey.TRANSPORT, "pigeon") == "invalid-argument"
