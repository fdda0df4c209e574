"""The ring as the feeder and the engine import it: the compiled writer, reader and record."""

from ext.ring import Record, RingReader, RingWriter
from shm.header import Clock, Pace
from shm.objects import DEFAULT_NAME

__all__ = ["DEFAULT_NAME", "Clock", "Pace", "Record", "RingReader", "RingWriter"]
