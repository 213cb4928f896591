"""The standbys that reads go to: whether each has what its primary has."""

from __future__ import annotations

from collections.abc import Iterator

from quant import standbys
from quant.commands.checks import Finding, mend, ok, see
from quant.errors import InvalidValue, UserError
from quant.target import Target

PATIENCE = 5  # seconds for each, at most


def replication(target: Target) -> Iterator[Finding]:
    """Each of them."""
    try:
        for one, why in standbys.judged(target, min(standbys.lag(), PATIENCE)):
            if why:
                yield see("standby", f"{one.place} {why}: see that server, or take it out of {standbys.HOSTS}.")
            else:
                yield ok("standby", f"{one.place} has what the primary has")
    except InvalidValue as error:
        yield mend("standby", str(error))
    except UserError:
        return  # the primary cannot be reached, which has been said
