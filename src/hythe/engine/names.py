"""Names for containers that were given none: an adjective of the sea and a thing of the harbour.

A hythe is a landing place on a river.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Container as Names

from hythe.errors import InvalidArgument

_ADJECTIVES = """amber ample ashen bold bonny brave brisk broad calm clear cool coral crisp dawn deep drifting
eager early easy fair fleet fresh gentle glad golden grand green hale hardy hazel high homeward jolly keen kind
lively long lucky mellow merry mild misty moored nimble noble northern open pale patient placid proud quick
quiet rapid ready ruddy safe salty sandy serene sheltered shining silver slack smooth snug southern spring
steady still stout sturdy sunny swift tall tidal tidy trim true upstream velvet warm western wide wild windy
wise young""".split()
_THINGS = """anchor anchorage barge barque bay beacon berth bight boatman bollard boom bosun bowline breeze
bridge brig buoy cable canal capstan cargo causeway channel cleat clipper coaster cove crane creek current
cutter delta dinghy dock dredger eddy estuary ferry fender fjord fleet galley gangway haven harbour hawser
helm hull inlet island jetty keel ketch lagoon landing lantern ledger lighter lock lugger mast mooring oar
packet pennant pier pilot pontoon port quay raft reef rigging river rope rudder sail schooner shallop shore
skiff sloop slip sound spar stern strand tackle tender tide tiller towline trawler tug vessel wake warp
wharf winch windlass yawl""".split()

LONGEST = 255
_VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")


def check_name(name: str) -> str:
    """The name without its leading "/", or InvalidArgument in the words Docker's clients know."""
    bare = name.removeprefix("/")
    if len(bare) > LONGEST:
        raise InvalidArgument(f"the container name is longer than {LONGEST} characters")
    if not _VALID.match(bare):
        raise InvalidArgument(
            f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
            hint="use at least two letters, digits, '_', '.' or '-'",
        )
    return bare


def random_name(taken: Names[str]) -> str:
    """A name that is not in `taken`, such as "calm_ferry"; a number is added once pairs run short."""
    for attempt in range(100):
        name = f"{secrets.choice(_ADJECTIVES)}_{secrets.choice(_THINGS)}"
        if attempt > 5:
            name += str(secrets.randbelow(1000))
        if name not in taken:
            return name
    return f"vessel_{secrets.token_hex(6)}"
