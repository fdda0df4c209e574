"""Records that are kept of what happened: the round's summary and the verdict on one intent."""

import msgspec


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """Whether an intent may become a command; a refusal names its code and, where it will pass, when to try again."""

    order: str
    allowed: bool
    code: str = ""
    retry_at_ns: int = 0


class RoundRecord(msgspec.Struct, frozen=True):
    """What one round came to. `pnl_u6` is provisional while `settled` is false; `won` None = not known."""

    slug: str
    leg: str
    stages: list[str]
    entries: int
    stops: int
    fills: int
    orders: int
    spent_u6: int
    received_u6: int
    fees_u6: int
    held_u6: int
    settled: bool
    won: bool | None
    pnl_u6: int
    safe_reason: str = ""
