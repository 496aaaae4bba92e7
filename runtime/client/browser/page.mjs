// The page that the client's tests and measurements share.

// Runs `step` in the page, with steps.js as its first argument.
export async function inPage(t, step, ...values) {
  await t.page.goto(t.url("/"));
  await t.page.waitForFunction(() => globalThis.stepsReady);
  return t.page.evaluate(
    `import("/steps.js").then((steps) => (${step})(steps, ...${
      JSON.stringify(values)}))`);
}
