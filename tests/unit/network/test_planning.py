"""From a request to a network's record, without a host."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from hythe.errors import Conflict, Denied, HytheError, InvalidArgument, NotFound, Unsupported
from hythe.network.model import NetworkRecord, NetworkRequest, PortRequest
from hythe.network.planning import MTU_OPTION, check_request, plan
from hythe.network.ports import check_request as check_port

BASE = IPv4Network("10.224.0.0/16")
BASE6 = IPv6Network("fd01:2:3::/48")
WEB = NetworkRecord("w", "web", "bridge", 0, subnet="10.224.0.0/24", subnet6="fd01:2:3::/64")


def planned(request: NetworkRequest, *routes: str) -> NetworkRecord:
    host = [IPv4Network(each) for each in routes]
    return plan(request, base=BASE, base6=BASE6, bridge="hy1", networks=[WEB], routes=host)


def test_an_automatic_subnet_avoids_networks_and_routes() -> None:
    made = planned(NetworkRequest("a"), "10.224.1.0/24", "10.0.0.0/8", "0.0.0.0/0")
    assert (made.subnet, made.gateway, made.automatic) == ("10.224.2.0/24", "10.224.2.1", True)


def test_a_subnet_of_ones_own() -> None:
    made = planned(NetworkRequest("a", subnet="10.9.0.0/24", gateway="10.9.0.254", ip_range="10.9.0.64/26"))
    assert (made.gateway, made.ip_range, made.automatic) == ("10.9.0.254", "10.9.0.64/26", False)
    with pytest.raises(Conflict, match="network web"):
        planned(NetworkRequest("a", subnet="10.224.0.128/25"))
    with pytest.raises(InvalidArgument, match="needs a subnet"):
        planned(NetworkRequest("a", gateway="10.9.0.1"))
    with pytest.raises(InvalidArgument, match="not part"):
        planned(NetworkRequest("a", subnet="10.9.0.0/24", ip_range="10.8.0.0/24"))


def six(subnet: str | None = None, gateway: str | None = None, ip_range: str | None = None) -> NetworkRequest:
    return NetworkRequest("a", enable_ipv6=True, subnet6=subnet, gateway6=gateway, ip_range6=ip_range)


def test_ipv6_where_it_is_asked_for() -> None:
    assert planned(NetworkRequest("a")).subnet6 == ""
    made = planned(NetworkRequest("a", enable_ipv6=True))
    assert (made.enable_ipv6, made.subnet6, made.gateway6) == (True, "fd01:2:3:1::/64", "fd01:2:3:1::1")
    own = NetworkRequest(
        "a", enable_ipv6=True, subnet6="2001:db8::/64", gateway6="2001:db8::f", ip_range6="2001:db8::100/120",
        auxiliary={"printer": "2001:db8::7"},
    )  # fmt: skip
    made = planned(own)
    assert (made.subnet6, made.gateway6, made.ip_range6) == (
        "2001:db8::/64",
        "2001:db8::f",
        "2001:db8::100/120",
    )
    assert made.subnet.startswith("10.224.") and made.auxiliary == {"printer": "2001:db8::7"}
    for wrong in (
        six(subnet="2001:db8::1/64"),
        six(subnet="2001:db8::/127"),
        six(subnet="10.1.0.0/24"),
        six(gateway="fd01:2:3:1::2"),
        six(subnet="2001:db8::/64", gateway="fd00::1"),
        six(subnet="2001:db8::/64", ip_range="fd00::/80"),
    ):
        with pytest.raises(InvalidArgument):
            planned(wrong)
    with pytest.raises(Conflict, match="network web"):
        planned(NetworkRequest("a", enable_ipv6=True, subnet6="fd01:2:3::/63"))


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (NetworkRequest("web"), Conflict),
        (NetworkRequest("none"), Denied),
        (NetworkRequest(""), InvalidArgument),
        (NetworkRequest("a", driver="overlay"), NotFound),
        (NetworkRequest("a", subnet6="fd00::/64"), InvalidArgument),
        (NetworkRequest("a", options={"x": "y"}), Unsupported),
        (NetworkRequest("a", options={"com.docker.network.bridge.enable_icc": "false"}), Unsupported),
        (NetworkRequest("a", options={MTU_OPTION: "small"}), InvalidArgument),
    ],
)
def test_refusals(request_: NetworkRequest, problem: type[HytheError]) -> None:
    with pytest.raises(problem):
        check_request(request_, [WEB])


def test_what_may_be_asked_for() -> None:
    options = {MTU_OPTION: "1400", "com.docker.network.bridge.enable_icc": "true"}
    check_request(NetworkRequest("a", options=options), [WEB])
    check_port(PortRequest(80, "tcp", "::1", 8000, 8010))
    with pytest.raises(InvalidArgument):
        check_port(PortRequest(80, "tcp", "", 8010, 8000))
