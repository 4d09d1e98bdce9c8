// The peer: the same acknowledgement on the same event, and a handler for the events of the loads.
export default (app) => {
  app.on("issues.labeled", async (context) => {
    await context.octokit.rest.reactions.createForIssue(context.issue({ content: "eyes" }));
  });
  app.on(["pull_request.assigned", "pull_request.closed"], async () => {});
};
