"""API keys: create and derive by an L1 signature, list and delete by L2 (protocol.md 3.1)."""

from engine.exchange.desk import Desk
from engine.exchange.rest.callers import Caller, is_timely, private, refuse
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.venue import refusals
from engine.venue.credentials import (
    ADDRESS_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    ApiCredentials,
    proven_address,
)


class Authentication:
    """The calls under /auth."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        routes.add(Service.CLOB, "POST", "/auth/api-key", self.create)
        routes.add(Service.CLOB, "GET", "/auth/derive-api-key", self.derive)
        routes.add(Service.CLOB, "GET", "/auth/api-keys", private(self._desk, self.keys))
        routes.add(Service.CLOB, "DELETE", "/auth/api-key", private(self._desk, self.delete))
        routes.add(Service.CLOB, "GET", "/auth/ban-status/closed-only", private(self._desk, self.closed_only))

    def create(self, request: Request) -> Response:
        """Make a key for the wallet that signed, one for each nonce."""
        proof = self._proof(request)
        if proof is None:
            return refuse(refusals.INVALID_L1_HEADERS)
        credentials = self._desk.members.create(*proof)
        return error_response(400, "Could not create api key") if credentials is None else _shown(credentials)

    def derive(self, request: Request) -> Response:
        """Show the key of a nonce again."""
        proof = self._proof(request)
        if proof is None:
            return refuse(refusals.INVALID_L1_HEADERS)
        credentials = self._desk.members.derive(*proof)
        return error_response(400, "Could not derive api key") if credentials is None else _shown(credentials)

    def keys(self, request: Request, caller: Caller) -> Response:
        """List the caller's keys."""
        del request
        return json_response({"apiKeys": self._desk.members.keys(caller.address)})

    def delete(self, request: Request, caller: Caller) -> Response:
        """Take the caller's key out of force."""
        del request
        self._desk.members.remove(caller.api_key)
        return json_response("OK")

    def closed_only(self, request: Request, caller: Caller) -> Response:
        """Tell whether the caller may only close positions."""
        del request
        return json_response({"closed_only": caller.address in self._desk.members.closed_only})

    def _proof(self, request: Request) -> tuple[bytes, int] | None:
        """Return (the address that L1's headers prove, its nonce)."""
        headers = request.headers
        timestamp_s, nonce = headers.get(TIMESTAMP_HEADER, ""), headers.get(NONCE_HEADER, "0")
        if not is_timely(timestamp_s, self._desk.shown_ms()):
            return None
        address = proven_address(headers.get(ADDRESS_HEADER, ""), timestamp_s, nonce, headers.get(SIGNATURE_HEADER, ""))
        return None if address is None else (address, int(nonce))


def _shown(credentials: ApiCredentials) -> Response:
    return json_response(
        {"apiKey": credentials.key, "secret": credentials.secret, "passphrase": credentials.passphrase}
    )
