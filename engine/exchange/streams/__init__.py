"""The venue's streams without I/O: what each connection may say, and who is sent what."""
