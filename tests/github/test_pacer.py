"""The pacer by itself: no I/O, any clock."""

from __future__ import annotations

from bot.github.api.pacer import Pacer, Ticket, Urgency


def drain(pacer: Pacer, until: float) -> list[tuple[float, Ticket]]:
    """Run the pacer alone up to a time, requests ending at once; when each ticket went."""
    gone, now = [], 0.0
    while now <= until:
        for ticket in pacer.release(now):
            gone.append((round(now, 3), ticket))
            pacer.finish(ticket)
        upcoming = pacer.next_at(now)
        if upcoming is None:
            break
        now = max(upcoming, now + 0.001)
    return gone


def test_writes_come_in_a_burst_of_ten_and_then_one_a_second() -> None:
    pacer = Pacer()
    for _ in range(13):
        pacer.submit(Ticket(write=True), 0.0)
    times = [at for at, _ in drain(pacer, 60)]
    assert times[:10] == [0.0] * 10
    assert [round(at) for at in times[10:]] == [1, 2, 3]


def test_notifying_writes_are_paced_and_hold_up_nobody_else() -> None:
    """A review and its summary are one thing that somebody is told."""
    pacer = Pacer()
    loud = [Ticket(write=True, notifies=True) for _ in range(4)]
    quiet = Ticket(write=True)
    for ticket in (*loud, quiet):
        pacer.submit(ticket, 0.0)
    gone = drain(pacer, 60)
    assert [at for at, ticket in gone if ticket in loud] == [0.0, 0.0, 3.0, 6.0]
    assert next(at for at, ticket in gone if ticket is quiet) == 0.0


def test_the_more_urgent_goes_first_and_reads_never_wait_for_the_bucket() -> None:
    pacer = Pacer(burst=1)
    pacer.submit(Ticket(write=True), 0.0)
    assert len(pacer.release(0.0)) == 1
    final, acknowledgement, read = (
        Ticket(write=True, urgency=Urgency.FINAL),
        Ticket(write=True, urgency=Urgency.ACKNOWLEDGE),
        Ticket(),
    )
    for ticket in (final, acknowledgement, read):
        pacer.submit(ticket, 0.0)
    assert pacer.release(0.0) == [read]
    assert pacer.release(1.0) == [acknowledgement]
    assert pacer.release(2.0) == [final]


def test_progress_gives_way_to_newer_words_on_the_same_thing() -> None:
    pacer = Pacer(burst=1)
    pacer.submit(Ticket(write=True), 0.0)
    pacer.release(0.0)
    old = Ticket(write=True, urgency=Urgency.PROGRESS, key="PATCH /comments/1")
    other = Ticket(write=True, urgency=Urgency.PROGRESS, key="PATCH /comments/2")
    assert pacer.submit(old, 0.0) == []
    assert pacer.submit(other, 0.0) == []
    final = Ticket(write=True, key="PATCH /comments/1")
    assert pacer.submit(final, 0.1) == [old]
    assert [ticket for _, ticket in drain(pacer, 9)] == [final, other]


def test_at_most_ten_fly_at_once() -> None:
    pacer = Pacer()
    tickets = [Ticket() for _ in range(12)]
    for ticket in tickets:
        pacer.submit(ticket, 0.0)
    assert len(pacer.release(0.0)) == 10
    assert pacer.next_at(0.0) is None
    pacer.finish(tickets[0])
    assert len(pacer.release(0.0)) == 1


def test_a_pause_holds_everything_back_and_drops_progress() -> None:
    pacer = Pacer()
    waiting = Ticket(write=True, urgency=Urgency.PROGRESS)
    pacer.submit(waiting, 0.0)
    assert pacer.pause(60.0) == [waiting]
    late = Ticket(write=True, urgency=Urgency.PROGRESS)
    assert pacer.submit(late, 1.0) == [late]
    read = Ticket()
    pacer.submit(read, 1.0)
    assert pacer.release(59.0) == []
    assert pacer.next_at(59.0) == 60.0
    assert pacer.release(60.0) == [read]
