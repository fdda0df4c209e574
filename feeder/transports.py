"""The transports by name."""

from collections.abc import Mapping
from typing import Final

from feeder import transport_picows, transport_websockets
from feeder.transport import Connect

TRANSPORTS: Final[Mapping[str, Connect]] = {
    "picows": transport_picows.connect,
    "websockets": transport_websockets.connect,
}
