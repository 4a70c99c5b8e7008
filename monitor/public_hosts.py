"""Which hosts belong to the public internet, by name or address, without asking a resolver. Pure.

The SSRF guard connects to no others, and the catalogue takes no address whose host is refused
whatever its name resolves to.
"""

from __future__ import annotations

import ipaddress
import re

from monitor.errors import RefusedAddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NETWORKS = (
    # IPv4, after the IANA special-purpose registry
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24"
    " 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24"
    " 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    # IPv6: loopback, compatible and mapped, NAT64, discard, 6to4, Teredo and its neighbours,
    # documentation, segment routing, local and multicast
    " ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64"
    " 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10"
    " fec0::/10 ff00::/8"
)
_REFUSED = tuple(ipaddress.ip_network(network) for network in _NETWORKS.split())
_LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")
_LOCAL_ENDINGS = frozenset(name.rpartition(".")[2] for name in _LOCAL_NAMES)
_PLAIN_ADDRESS = re.compile(r"https?://(?:[a-z0-9-]+\.)+([a-z]{2,})(?:[/?#]|$)")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    try:
        found: Address = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    return found.is_global and not any(
        found in network for network in _REFUSED if network.version == found.version
    )


def is_plainly_public(address: str) -> bool:
    """Whether the host of an address is a usual name, which ``check_name`` would not refuse.

    Without reading the address as a whole, which takes a while for thousands of sources.
    """
    found = _PLAIN_ADDRESS.match(address)
    return found is not None and found[1] not in _LOCAL_ENDINGS


def check_name(host: str, url: str) -> None:
    """Refuse a host that is local by its name, without resolving it.

    Raises:
        RefusedAddress: it is a private IP address or a name such as localhost.
    """
    name = host.strip("[]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # A resolver takes 0x7f.1, 2130706433 and the like for addresses.
        numeric = all(part.isdigit() or part.startswith("0x") for part in name.split("."))
        local = any(name == word or name.endswith(f".{word}") for word in _LOCAL_NAMES)
        if numeric or local or "." not in name:
            raise RefusedAddress("this is a local name", url=url) from None
        return
    if not is_public(name):
        raise RefusedAddress("this is a private address", url=url)
