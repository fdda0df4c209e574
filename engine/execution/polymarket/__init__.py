"""The venue as a gateway: orders are signed and written here, byte by byte, before they leave."""
