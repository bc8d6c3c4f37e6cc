"""Smart Accounts, opened whole."""

from pathlib import Path

from gauger.core.authority.commands import OpenSmartAccount
from gauger.core.identity import AccountRef
from gauger.cssm.commands.accounts import DEFAULT_ACCOUNT, open_smart_account
from tests.core.documents.material import refused
from tests.support.builders import a_portal


def test_an_account_that_was_opened_by_half_is_made_whole_the_second_time(tmp_path: Path) -> None:
    account = AccountRef("half.example", DEFAULT_ACCOUNT)
    with a_portal(tmp_path) as portal:
        # As it is after a stop between the two commands.
        portal.authority.execute(OpenSmartAccount(domain="half.example", name="Half", by="x"))
        with refused("conflict"):
            open_smart_account(portal.authority, "half.example", "Half", by="x")
        reader = portal.authority.reader()
        assert reader.virtual_account(account) is not None
        reader.close()
