"""From ring records to events: the one place where a record's words become typed values, for every shell.

Assets are numbered here: a token gets the next number when its MARKET/OPENED record comes, and keeps it over feeder
restarts (which begin a new epoch with new instrument indices) and engine restarts (the numbers are in the kernel's
state).
"""

from collections.abc import Callable, Iterable
from typing import Final

from engine.model.events import (
    Event,
    Feed,
    FeedChange,
    Gap,
    Market,
    MarketChange,
    Outcome,
    Side,
    Spot,
    Tob,
    Trade,
)
from engine.model.fees import FeeSchedule
from engine.model.market import View
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, Result
from shm.layout import MarketChange as RecordChange
from shm.sink import Instrument

Record = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""seq, kind, flags, instrument, aux, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns: a row of a RECORD_DTYPE array's tolist().
"""

_PRICE_MASK: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF


class Decoder:
    """Turns records into events; holds only which instrument is which asset."""

    def __init__(
        self, instrument_of: Callable[[int], Instrument], known: Iterable[View] = (), assets_seen: int = 0
    ) -> None:
        """`instrument_of` looks an index up in the instrument table; the rest is what a recovered
        kernel state knows.
        """
        self._instrument_of = instrument_of
        self._asset_of_token: dict[str, int] = {view.token_id: view.asset for view in known}
        self._asset_of_index: dict[int, int] = {}
        self._next_asset = max([assets_seen, *(asset + 1 for asset in self._asset_of_token.values())])
        self.skipped_kinds = 0

    def asset(self, index: int) -> int | None:
        """Return the asset of an instrument index of this epoch, None before its market was opened."""
        return self._asset_of_index.get(index)

    def events(self, record: Record, now_ns: int) -> tuple[Event, ...]:
        """Return the events that one record means, stamped with `now_ns`; none for a heartbeat."""
        kind = record[1]
        if kind == Kind.TOB:
            asset = self._asset_of_index.get(record[3])
            return () if asset is None else (_tob(asset, record, now_ns),)
        if kind == Kind.MARKET:
            return self._market(record, now_ns)
        if kind == Kind.TRADE:
            return self._trade(record, now_ns)
        if kind == Kind.FEED:
            return self._feed(record, now_ns)
        if kind == Kind.SPOT:
            _, _, flags, _, source, price_e8, observed_ns, *_ = record
            return (Spot(now_ns, source, price_e8, observed_ns, bool(flags & Flag.STRIKE)),)
        if kind == Kind.RESET:
            self.forget_instruments()
            return (Gap(now_ns, 0),)
        if kind != Kind.HEARTBEAT:
            self.skipped_kinds += 1
        return ()

    def forget_instruments(self) -> None:
        """Forget which instrument is which asset: a new epoch has begun. The tokens keep their numbers."""
        self._asset_of_index.clear()

    def announced(self, index: int, peer: int, now_ns: int) -> Market:
        """Return the MARKET/OPENED event that a late joiner missed, from the instrument table's rows."""
        row = self._instrument_of(index)
        return Market(
            now_ns,
            self._number(index),
            self._number(peer),
            MarketChange.OPENED,
            row.token_id,
            row.condition_id,
            row.slug,
            row.window_start_s,
            row.window_length_s,
            row.outcome,
            row.tick_e4,
            row.min_size_u6,
            FeeSchedule(row.fee_rate_e6, row.fee_exponent, row.taker_only),
        )

    def _number(self, index: int) -> int:
        """Return the asset of an instrument, giving its token a number if it has none."""
        asset = self._asset_of_index.get(index)
        if asset is None:
            token_id = self._instrument_of(index).token_id
            asset = self._asset_of_token.get(token_id)
            if asset is None:
                asset = self._asset_of_token[token_id] = self._next_asset
                self._next_asset += 1
            self._asset_of_index[index] = asset
        return asset

    def _market(self, record: Record, now_ns: int) -> tuple[Event, ...]:
        _, _, flags, index, change, w2, w3, w4, w5, _, _ = record
        try:
            asset, peer, row = self._number(index), self._number(w5 & 0xFFFF), self._instrument_of(index)
        except KeyError:  # of a feeder that was restarted since: it announces its markets anew behind a RESET
            return ()
        if change == RecordChange.RESOLVED:
            result = w5 >> 24 & 0xFF
            source = "inferred" if flags & Flag.INFERRED else "venue"
            return (Outcome(now_ns, asset, result != Result.UNKNOWN, result == Result.WON, source),)
        fees = FeeSchedule(w3 & _U32, w3 >> 32 & 0xFFFF, bool(w3 >> 48 & 1))
        return (
            Market(
                now_ns,
                asset,
                peer,
                MarketChange(change),
                row.token_id,
                row.condition_id,
                row.slug,
                w4 & 0xFF_FFFF_FFFF,
                w4 >> 40,
                w5 >> 16 & 0xFF,
                w2 & _PRICE_MASK,
                w2 >> 16,
                fees,
                0,
                flags,
            ),
        )

    def _trade(self, record: Record, now_ns: int) -> tuple[Event, ...]:
        asset = self._asset_of_index.get(record[3])
        if asset is None:
            return ()
        side = Side.BUY if record[6] == 1 else Side.SELL
        return (Trade(now_ns, asset, side, record[5] & _PRICE_MASK, record[5] >> 16),)

    def _feed(self, record: Record, now_ns: int) -> tuple[Event, ...]:
        asset = -1 if record[3] == ALL_INSTRUMENTS else self._asset_of_index.get(record[3])
        return () if asset is None else (Feed(now_ns, asset, FeedChange(record[4]), record[5]),)


def _tob(asset: int, record: Record, now_ns: int) -> Tob:
    _, _, flags, _, _, bid1, ask1, bid2, ask2, venue_ts_ns, _ = record
    return Tob(
        now_ns,
        asset,
        bid1 & _PRICE_MASK,
        bid1 >> 16,
        ask1 & _PRICE_MASK,
        ask1 >> 16,
        bid2 & _PRICE_MASK,
        bid2 >> 16,
        ask2 & _PRICE_MASK,
        ask2 >> 16,
        venue_ts_ns,
        flags,
    )
