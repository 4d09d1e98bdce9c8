// @octokit/rest plays on the hub; prints what it saw as JSON.
import { Octokit } from "@octokit/rest";

const [baseUrl, token, alice] = process.argv.slice(2);
const at = { owner: "octo", repo: "sample" };
const bot = new Octokit({ baseUrl, auth: token });
const person = new Octokit({ baseUrl, auth: alice });
const seen = {};

for (let n = 1; n <= 5; n++) await person.issues.create({ ...at, title: `Issue ${n}`, labels: ["bug"] });
seen.pages = (await bot.paginate(bot.issues.listForRepo, { ...at, per_page: 2 })).map((issue) => issue.number);
await bot.reactions.createForIssue({ ...at, issue_number: 1, content: "eyes" });
const comment = await bot.issues.createComment({ ...at, issue_number: 1, body: "Working." });
await bot.issues.updateComment({ ...at, comment_id: comment.data.id, body: "Done." });
seen.comments = (await bot.issues.listComments({ ...at, issue_number: 1 })).data.map((each) => each.body);
seen.role = (await bot.repos.getCollaboratorPermissionLevel({ ...at, username: "alice" })).data.role_name;

const base = (await bot.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
const tree = await bot.git.createTree({
  ...at, base_tree: base, tree: [{ path: "new.txt", mode: "100644", type: "blob", content: "one\ntwo\n" }],
});
const commit = await bot.git.createCommit({ ...at, message: "Add", tree: tree.data.sha, parents: [base] });
await bot.git.createRef({ ...at, ref: "refs/heads/work", sha: commit.data.sha });
const pull = await bot.pulls.create({ ...at, title: "P", head: "work", base: "main" });
await person.pulls.createReview({
  ...at, pull_number: pull.data.number, event: "COMMENT", body: "A look",
  comments: [{ path: "new.txt", line: 2, body: "two?" }],
});
seen.lines = (await bot.pulls.listReviewComments({ ...at, pull_number: pull.data.number })).data.map((c) => c.line);
try {
  await bot.pulls.createReview({ ...at, pull_number: pull.data.number, event: "APPROVE" });
} catch (error) {
  seen.refused = [error.status, error.message.includes("Can not approve your own pull request")];
}
const run = await bot.checks.create({ ...at, name: "forgehand", head_sha: commit.data.sha });
await bot.checks.update({ ...at, check_run_id: run.data.id, conclusion: "success" });
seen.checks = (await bot.checks.listForRef({ ...at, ref: "work" })).data.check_runs.map((each) => each.conclusion);
const query = `query($n: Int!) { repository(owner: "octo", name: "sample") { pullRequest(number: $n) { title } } }`;
const graph = new Octokit({ baseUrl: baseUrl.replace("/v3", ""), auth: token });
seen.graphql = (await graph.graphql(query, { n: pull.data.number })).repository.pullRequest.title;
console.log(JSON.stringify(seen));
