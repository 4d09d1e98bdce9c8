"""Reviews, threads, replies and resolving, against the hub."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.client import Client
from bot.github.api.errors import Forbidden, GitHubDown, Invalid, NotFound
from bot.github.resources import repos
from bot.github.resources.reviews import Overtaken, PostedReview, ReviewComment, comments_of, create_review
from bot.github.resources.threads import reply, resolve, threads
from bot.github.text.markers import Marker
from simhub.faults import Fault
from simhub.model import Pull
from tests.github.conftest import World

RIGHTS = {"pull_requests": "write", "contents": "write", "issues": "write"}
MARK = Marker(task="t1", part="review")
OLD = [f"line {number}" for number in range(1, 81)]
NEW = [*OLD[:9], "ten", "ten and a half", *OLD[10:59], *OLD[60:]]  # one line for two, and line 60 is gone
GOOD = ReviewComment(path="long.txt", line=11, start_line=10, start_side="RIGHT", body="Both are new.")
GONE = ReviewComment(path="long.txt", line=60, side="LEFT", body="Why is this gone?")
OFF = ReviewComment(path="long.txt", line=30, body="Off the diff.")
WHOLE = ReviewComment(path="long.txt", body="About the file.")


@dataclass
class Scene:
    """A pull request by ann with two hunks in ``long.txt``, and a client that may review it."""

    world: World
    client: Client
    number: int
    head: str

    @property
    def pull(self) -> Pull:
        return self.world.hub.repository("octo/durations").pulls[0]

    @property
    def bot_id(self) -> int:
        return self.world.credentials.bot_id

    async def as_ann(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"token {self.world.hub.world.accounts['ann'].token}"}
        url = f"{self.world.hub.api_url}/repos/octo/durations/{path}"
        async with self.world.session.request(method, url, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def write(self, path: str, text: str, branch: str, sha: str | None = None) -> Any:
        data = {"message": "Change", "content": base64.b64encode(text.encode()).decode(), "branch": branch}
        return await self.as_ann("PUT", f"contents/{path}", data | ({"sha": sha} if sha else {}))

    async def review(self, *comments: ReviewComment, event: Any = "COMMENT", head: str = "") -> PostedReview:
        return await create_review(
            self.client, self.world.repository, self.number, head or self.head, "Two remarks.", comments, event,
            marker=MARK, bot_id=self.bot_id,
        )  # fmt: skip

    def shown(self) -> list[tuple[str, str, list[str]]]:
        """State, body without marker, and comments of every review of ours."""
        return [
            (each.state, each.body.partition("\n")[0], [c.body for c in self.pull.review_comments if c.review is each])
            for each in self.pull.reviews
            if each.user.id == self.bot_id
        ]


@pytest.fixture
async def scene(world: World, github: GitHubs) -> Scene:
    world.hub.set_permission("octo/durations", "ann", "write")
    made = Scene(world, await github.for_repository(world.repository, RIGHTS), 0, "")
    first = await made.write("long.txt", "\n".join(OLD) + "\n", "main")
    await made.as_ann("POST", "git/refs", {"ref": "refs/heads/topic", "sha": first["commit"]["sha"]})
    second = await made.write("long.txt", "\n".join(NEW) + "\n", "topic", first["content"]["sha"])
    pull = await made.as_ann("POST", "pulls", {"title": "Shorter", "head": "topic", "base": "main"})
    made.number, made.head = pull["number"], second["commit"]["sha"]
    world.hub.requests.clear()
    return made


async def test_a_review_is_two_calls_and_is_found_again(scene: Scene) -> None:
    first = await scene.review(GOOD, GONE)
    assert first.refused == ()
    assert [(each.method, each.path) for each in scene.world.hub.requests] == [
        ("POST", "/graphql"),
        ("POST", f"/repos/octo/durations/pulls/{scene.number}/reviews"),
    ]
    assert await scene.review(GOOD, GONE) == first
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["Both are new.", "Why is this gone?"])]
    assert [(t.anchor.start_line, t.anchor.line, t.anchor.side) for t in scene.pull.threads] == [
        (10, 11, "RIGHT"),
        (None, 60, "LEFT"),
    ]


async def test_a_refused_comment_does_not_take_the_others_along(scene: Scene) -> None:
    no_file = ReviewComment(path="nowhere.py", line=1, body="In a file that is not there.")
    backwards = ReviewComment(path="long.txt", line=10, start_line=11, start_side="RIGHT", body="Backwards.")
    done = await scene.review(OFF, GOOD, no_file, backwards, GONE)
    assert done.refused == (OFF, no_file, backwards)
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["Both are new.", "Why is this gone?"])]
    assert await scene.review(OFF, GOOD, no_file, backwards, GONE) == done, "known again, with what was refused"
    assert len(scene.shown()) == 1


async def test_comments_on_whole_files_are_part_of_the_one_review(scene: Scene) -> None:
    assert (await scene.review(WHOLE, GOOD)).refused == ()
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["About the file.", "Both are new."])]
    found = await threads(scene.client, scene.world.repository, scene.number)
    assert [(each.path, each.line) for each in found] == [("long.txt", None), ("long.txt", 11)]


async def test_a_review_whose_answer_got_lost_is_posted_once(scene: Scene) -> None:
    scene.world.hub.faults.add(Fault(path="*/reviews", method="POST", status=502, after=True))
    scene.world.hub.faults.add(Fault(path="*/reviews", method="POST", status=502))
    await scene.review(GOOD)
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["Both are new."])]


async def test_a_review_that_github_did_not_take_is_tried_again(scene: Scene) -> None:
    scene.world.hub.faults.add(Fault(path="*/reviews", method="POST", status=502, times=2))
    await scene.review(GOOD)
    assert len(scene.shown()) == 1
    scene.world.hub.faults.add(Fault(path="*/reviews", method="POST", status=502, times=3))
    with pytest.raises(GitHubDown):
        await create_review(
            scene.client, scene.world.repository, scene.number, scene.head, "", (GOOD,), "COMMENT",
            marker=Marker(task="t2", part="review"), bot_id=scene.bot_id,
        )  # fmt: skip
    assert len(scene.shown()) == 1


async def test_a_pending_review_left_by_a_crash_gives_way(scene: Scene) -> None:
    """The process dies between the pieces: what it began is dropped, the review is made whole and once."""
    scene.world.hub.faults.add(Fault(path="*/events", method="POST", status=500, times=-1))
    with pytest.raises(GitHubDown):
        await scene.review(OFF, GOOD)
    assert [state for state, _, _ in scene.shown()] == ["PENDING"]
    scene.world.hub.faults.clear()
    assert (await scene.review(GOOD)).refused == ()
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["Both are new."])]


async def test_a_verdict_on_our_own_pull_request_becomes_a_comment(scene: Scene) -> None:
    assert (await scene.review(GOOD, event="REQUEST_CHANGES")).refused == ()
    assert scene.shown()[0][0] == "CHANGES_REQUESTED"
    sha = await repos.head_sha(scene.client, scene.world.repository, "topic")
    names = {"owner": "octo", "repo": "durations"}
    await scene.client.post("/repos/{owner}/{repo}/git/refs", names, {"ref": "refs/heads/ours", "sha": sha})
    data = {"title": "Ours", "head": "ours", "base": "main"}
    scene.number = (await scene.client.post("/repos/{owner}/{repo}/pulls", names, data))["number"]
    for number, comments in enumerate([(GOOD,), (GOOD, OFF)]):
        await create_review(
            scene.client, scene.world.repository, scene.number, scene.head, "", comments, "REQUEST_CHANGES",
            marker=Marker(task=f"own{number}", part="review"), bot_id=scene.bot_id,
        )  # fmt: skip
    ours = scene.world.hub.repository("octo/durations").pulls[1]
    assert [each.state for each in ours.reviews] == ["COMMENTED", "COMMENTED"]


async def test_nothing_is_posted_on_a_head_that_is_old_or_a_pull_request_that_is_closed(scene: Scene) -> None:
    await scene.as_ann("PATCH", f"pulls/{scene.number}", {"state": "closed"})
    with pytest.raises(Overtaken, match="it is closed now") as closed:
        await scene.review(GOOD)
    assert closed.value.detail("state") == "closed"
    await scene.as_ann("PATCH", f"pulls/{scene.number}", {"state": "open"})
    pushed = (await scene.write("other.py", "x = 1\n", "topic"))["commit"]["sha"]
    with pytest.raises(Overtaken, match=f"now {pushed[:7]}, not {scene.head[:7]}"):
        await scene.review(GOOD)
    assert scene.shown() == []
    await scene.review(GOOD, head=pushed)
    again = await scene.review(GOOD, head=scene.head)
    assert len(scene.shown()) == 1, "what is there already is not overtaken"
    assert again.refused == ()


async def test_a_refusal_that_no_comment_explains_is_raised(scene: Scene) -> None:
    scene.world.hub.faults.add(
        Fault(path="*/reviews", method="POST", status=422, times=-1, body={"message": "No", "errors": ["Not today"]})
    )
    with pytest.raises(Invalid, match="Not today"):
        await scene.review(GOOD)
    with pytest.raises(NotFound):
        await threads(scene.client, scene.world.repository, 4711)


async def test_threads_are_read_to_the_end_with_their_comments(scene: Scene) -> None:
    scene.world.hub.limits.lift()
    for number in range(53):
        data = {"body": f"remark {number}", "commit_id": scene.head, "path": "long.txt", "line": 10, "side": "RIGHT"}
        last = await scene.as_ann("POST", f"pulls/{scene.number}/comments", data)
    for number in range(125):
        await scene.as_ann("POST", f"pulls/{scene.number}/comments/{last['id']}/replies", {"body": f"more {number}"})
    found = await threads(scene.client, scene.world.repository, scene.number)
    assert [each.comments[0].body for each in found] == [f"remark {number}" for number in range(53)]
    assert [each.body for each in found[-1].comments[1:]] == [f"more {number}" for number in range(125)]
    first = found[0].comments[0]
    assert (first.author, first.is_bot, first.author_id) == ("ann", False, scene.world.hub.world.accounts["ann"].id)


@pytest.mark.parametrize("trouble", ["resources", "time"])
async def test_threads_are_read_in_smaller_pages_where_github_cannot_make_large_ones(
    scene: Scene, trouble: str
) -> None:
    for number in range(12):
        data = {"body": f"remark {number}", "commit_id": scene.head, "path": "long.txt", "line": 10, "side": "RIGHT"}
        await scene.as_ann("POST", f"pulls/{scene.number}/comments", data)
    if trouble == "resources":
        scene.world.hub.limits.objects = 20
    else:
        scene.world.hub.faults.add(Fault(path="/graphql", status=504, times=4))
    scene.world.hub.requests.clear()
    found = await threads(scene.client, scene.world.repository, scene.number)
    assert [each.comments[0].body for each in found] == [f"remark {number}" for number in range(12)]
    assert scene.world.asked("POST", "/graphql") < 10


async def test_a_mutation_that_broke_off_is_looked_for_before_it_is_made_again(scene: Scene) -> None:
    body = {"data": None, "errors": [{"message": "Something went wrong while executing your query. Include `0401`."}]}
    scene.world.hub.faults.add(Fault(path="/graphql"))  # the look for a review that is there
    scene.world.hub.faults.add(Fault(path="/graphql", status=200, body=body, after=True))
    assert (await scene.review(WHOLE, GOOD)).refused == ()
    assert scene.shown() == [("COMMENTED", "Two remarks.", ["About the file.", "Both are new."])]


async def test_threads_are_answered_resolved_and_outdated(scene: Scene, github: GitHubs) -> None:
    review = await scene.review(GOOD, GONE)
    ours, gone = await threads(scene.client, scene.world.repository, scene.number)
    said = await comments_of(scene.client, scene.world.repository, scene.number, review.id)
    assert said == (ours.comments[0].id, gone.comments[0].id)
    assert (ours.path, ours.start_line, ours.line, ours.side) == ("long.txt", 10, 11, "RIGHT")
    assert (gone.line, gone.side, gone.resolved, gone.outdated) == (60, "LEFT", False, False)
    assert (ours.comments[0].author, ours.comments[0].author_id) == ("forgehand[bot]", scene.bot_id)
    assert ours.comments[0].is_bot
    mark = Marker(task="t2", part="fixed")
    scene.world.hub.faults.add(Fault(path="*/replies", method="POST", status=502, after=True))
    for _ in range(2):
        await reply(
            scene.client, scene.world.repository, scene.number, ours, "Fixed.", marker=mark, bot_id=scene.bot_id
        )
    for _ in range(2):
        await resolve(scene.client, ours.id)
    blob = await scene.as_ann("GET", "contents/long.txt?ref=topic")
    await scene.write("long.txt", "\n".join(["zero", *NEW[:10], *NEW[11:]]), "topic", blob["sha"])
    ours, gone = await threads(scene.client, scene.world.repository, scene.number)
    assert [each.body.partition("\n")[0] for each in ours.comments] == ["Both are new.", "Fixed."]
    assert (ours.resolved, ours.resolved_by, ours.outdated) == (True, "forgehand", True)
    assert (ours.line, ours.original_line) == (None, 11)
    assert (gone.resolved, gone.outdated) == (False, False)
    weak = await github.for_repository(scene.world.repository, {"pull_requests": "write"})
    with pytest.raises(Forbidden):
        await resolve(weak, gone.id)
