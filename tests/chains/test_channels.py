"""A channel that fails: the next one is used, and the incident shows it."""

from __future__ import annotations

from tests.chains.worlds import World


def test_mail_takes_over_from_a_pager_that_refuses_and_the_incident_shows_it(world: World):
    world.outside.broken[f"/{world.service}/pager"] = 404

    world.alert("PagerIsGone")

    address = f"aoki@{world.service}.example"
    world.wait(lambda: world.mailbox.to(address), "the mail")
    incident = world.incident(
        lambda i: any(e.kind == "notification-failed" for e in i.timeline), "the failure shown"
    )
    failure = next(e for e in incident.timeline if e.kind == "notification-failed")
    assert (failure.detail["channel"], failure.detail["fallback"]) == ("pager", "mail")
    assert "404" in failure.detail["error"]

    def states() -> dict[str, str]:
        return {n.channel: n.status for n in world.notifications() if n.target == "person:aoki"}

    # The mail is there before its sending is recorded.
    world.wait(lambda: states().get("mail") != "sending", "the mail's record")
    assert states() == {"pager": "failed", "mail": "sent"}

    # What was opened by mail is closed by mail.
    world.command(incident, "resolve")
    world.wait(lambda: len(world.mailbox.to(address)) == 2, "the closing mail")


def test_a_pager_that_is_down_for_a_moment_is_tried_again(world: World):
    path = f"/{world.service}/pager"
    world.outside.broken[path] = 503
    world.alert("PagerHiccup")
    world.wait(
        lambda: [
            n for n in world.notifications() if n.channel == "pager" and n.attempts >= 1 and n.error
        ],
        "a failed try",
    )
    del world.outside.broken[path]

    world.wait(lambda: "Aoki" in world.paged("opened"), "the second try")
    world.settle()
    assert world.paged("opened") == ["Aoki"]
