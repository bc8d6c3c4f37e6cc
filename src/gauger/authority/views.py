"""What a reader of the ledger sees; the rows themselves stand beside the ports."""

from gauger.authority.ports.views import (
    BalanceRow,
    CaseRow,
    EventRow,
    GapRow,
    HeadRow,
    InstanceRow,
    ManufacturerRow,
    OrderLineRow,
    OrderRow,
    PolicyRow,
    ReportRow,
    SmartAccountRow,
    TokenRow,
    TrustRow,
    UsageRow,
    VirtualAccountRow,
)

__all__ = [
    "BalanceRow",
    "CaseRow",
    "EventRow",
    "GapRow",
    "HeadRow",
    "InstanceRow",
    "ManufacturerRow",
    "OrderLineRow",
    "OrderRow",
    "PolicyRow",
    "ReportRow",
    "SmartAccountRow",
    "TokenRow",
    "TrustRow",
    "UsageRow",
    "VirtualAccountRow",
]
