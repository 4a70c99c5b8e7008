"""What a client may take of the HTTP server, and who is one client."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address

_IPV6_SITE = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take of the server.

    Attributes:
        connections: open at once; one more is answered 503.
        connections_of_a_client: of these, how many one address may have. A proxy is one address.
        head_seconds: until the head of a request is there, or else 408.
        body_seconds: until its body is there, or else 408.
        write_seconds: in which a client has to take ``write_bytes`` of an answer that waits for it,
            or else the connection is cut.
        write_bytes: as many as asyncio lets wait before the application has to.
    """

    connections: int = 100
    connections_of_a_client: int = 50
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    write_seconds: float = 60.0
    write_bytes: int = 1 << 16


def client_network(address: str) -> str:
    """Whose address it is: of IPv6 the network, since one client has all addresses of it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _IPV6_SITE), strict=False))
