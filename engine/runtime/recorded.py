"""The events of a recording, stamped with the recording's own time."""

from collections.abc import Iterator

from engine.model.events import Event
from engine.runtime.decode import Decoder
from feeder.recording.files import RecordingFile


def recorded_events(recording: RecordingFile) -> Iterator[Event]:
    """Yield what a recording says, in order. Raises RecordingError when it cannot be read."""
    loaded = recording.load()
    decoder = Decoder(loaded.instruments.__getitem__)
    now_ns = 0
    for batch in loaded.batches():
        for record in batch.tolist():
            now_ns = max(now_ns, record[-1])  # a recorder's clock may step back: time does not
            yield from decoder.events(record, now_ns)
