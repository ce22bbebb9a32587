"""
Commands: what somebody wants done with something, and what proves who that is.

A proof is written ``means:who``. The means is what was checked where the command came in; who is
empty where it proves the means and not the person:

- ``google:aoki@example.jp``: an ID token that Google signed for that address;
- ``slack:U012AB3CD``: a button, in a request that Slack signed;
- ``link:person:aoki``: a link that was mailed to that person's own address. A link in a message
  that others can read too proves only itself: ``link:``;
- ``local:aoki``: that user of the machine on which the data lie. Nothing that comes over a network
  gives this one.

Commands of the release before there were proofs have none; they are handled as they were then.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import msgspec

from toban.kernel import log
from toban.kernel.document import Document, Keep
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment

if TYPE_CHECKING:
    from toban.kernel.work import Work

Means = Literal["google", "slack", "link", "local"]
Need = Literal["nothing", "means", "person"]
Outcome = Literal["done", "nothing", "stale", "refused"]
"""
What came of a command. ``nothing``: already so; ``stale``: too late, because the subject changed
since the version that was seen, or a link has expired; ``refused``: not allowed or not possible.
"""

MEANS: Final[frozenset[str]] = frozenset({"google", "slack", "link", "local"})
NEEDS: Final[dict[str, Need]] = {
    # An incident must never wait for a log-in: whoever holds the message may act on it.
    "acknowledge": "nothing",
    "resolve": "nothing",
    "reopen": "nothing",
    "escalate": "nothing",
    "note": "nothing",
    "severity": "nothing",
    # Whoever is let in where the command came in may ask for these, as whomever they name.
    "take": "means",
    "replicate": "means",
    "verify": "means",
    "prune": "means",
    "restore": "means",
    "test-restore": "means",
    "rewrap": "means",
    "test-page": "means",
    # By the link of the message alone, as `toban.testpages` insists.
    "answer": "means",
}
"""What an action needs of its actor; any other action needs a proven person."""


def proven(actor: str, proof: str) -> bool:
    """
    Return whether `proof` proves the person named as `actor`.

    With ``--as`` another person may be named on this machine; then the machine is proven, not
    the person.
    """
    means, _, who = proof.partition(":")
    if means not in MEANS or not who:
        return False
    return means != "local" or who == actor


def may(actor: str, proof: str, action: str) -> bool:
    """Return whether an actor with that proof may do that action. Nothing else decides it."""
    need = NEEDS.get(action)
    if need == "nothing":
        return True
    if need == "means":
        return proof.partition(":")[0] in MEANS
    return proven(actor, proof)


class Command(Body, frozen=True, kw_only=True):
    """A person, or a program for a person, wants something done with a subject."""

    about: str = msgspec.field(name="subject", default="")
    """``incidents/inc-1``: the domain whose business it is, and which of its things."""
    action: str
    actor: str
    proof: str = ""
    """What proves the actor (`toban.kernel.command`); empty: written by the release before."""
    via: str
    """``cli``, ``link``, …"""
    at: Moment
    generation: int | None = None
    """The version of the subject that was seen; None: whatever it is now."""

    def subject(self) -> str:
        """Return the domain that owns the subject and its id: ``incidents/inc-1``."""
        return self.about

    def concerns(self, domain: str) -> bool:
        """Return whether the subject is that domain's; a handler ignores all others."""
        return self.subject().partition("/")[0] == domain


class Audit(Document, kw_only=True):
    """The record of one command and its outcome, written in the commit of what the command did."""

    COLLECTION: ClassVar[str] = "audits"
    KEEP = Keep.days(
        365,
        "what was done, by whom: as long as design 001 keeps audit logs",
        "誰が何をしたか。設計 001 の監査ログと同じ",
    )

    subject: str
    action: str
    actor: str
    proof: str
    seen: int | None
    """The version of the subject that the actor saw."""
    via: str
    outcome: Outcome
    reason: str
    """Why it was not done; empty: it was."""
    environment: str
    correlation_id: str
    at: datetime

    def over_since(self) -> datetime | None:
        """Return the time it was written: a record does not change."""
        return self.at


def conclude(
    command: Command,
    work: Work,
    outcome: Outcome,
    reason: str = "",
    *,
    actor: str = "",
    environment: str = PRODUCTION,
) -> None:
    """
    Write the audit record of a command, and answer the sender.

    The record is in the commit of what the command did; the log line follows it. `actor`: the
    name by which the domain knows the actor; `environment`: its subject's.
    """
    audit = Audit(
        id=work.derive("audit"),
        subject=command.subject(),
        action=command.action,
        actor=actor or command.actor,
        proof=command.proof,
        seen=command.generation,
        via=command.via,
        outcome=outcome,
        reason=log.mask(reason),
        environment=environment,
        correlation_id=work.event.correlation_id or work.event.id,
        at=work.now,
    )
    work.create(audit)
    work.answer(outcome=outcome, reason=audit.reason)
    work.after_commit(
        lambda: log_command(
            actor=audit.actor,
            proof=audit.proof,
            action=audit.action,
            subject=audit.subject,
            seen=audit.seen,
            outcome=audit.outcome,
            reason=audit.reason,
            correlation_id=audit.correlation_id,
            environment=audit.environment,
        )
    )


def log_command(
    *,
    actor: str = "",
    proof: str = "",
    action: str = "",
    subject: str = "",
    seen: int | None = None,
    outcome: Outcome,
    reason: str = "",
    correlation_id: str = "",
    environment: str = PRODUCTION,
) -> None:
    """Write the log line of a command; fields unknown for a refused command are empty."""
    write = log.security if outcome == "refused" else log.info
    write(
        "command",
        actor=actor,
        proof=proof,
        action=action,
        subject=subject,
        seen=seen,
        outcome=outcome,
        reason=reason,
        correlation_id=correlation_id,
        environment=environment,
    )
