"""Which network addresses the bot may fetch from: those that anybody on the internet reaches, and no others."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "2002::/16", "2001::/32")))
"""Ranges in which an IPv4 address travels inside an IPv6 one: NAT64, the old compatible form, 6to4 and Teredo."""
_NOT_ANYBODYS = tuple(map(ipaddress.ip_network, ("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "fec0::/10")))
"""Shared (CGNAT), protocol assignments, benchmarking, the old site-local range."""


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet.

    Loopback, private, link-local, shared, multicast and reserved ones do not, nor does an IPv6 address that stands for
    an IPv4 one, whatever that is: nobody publishes documents there.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _CARRIERS):
            return False
    if any(address.version == network.version and address in network for network in _NOT_ANYBODYS):
        return False
    barred = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not barred and not address.is_link_local


def address_of(printed: str) -> Address | None:
    """Read an address as the system gives it to a socket, its zone left out; None where it is none."""
    try:
        return ipaddress.ip_address(printed.partition("%")[0])
    except ValueError:
        return None
