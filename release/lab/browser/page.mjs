// The lab as a reader uses it.

import assert from 'node:assert/strict';

const WAIT_MS = 60_000;

export class Lab {
  constructor(t) {
    this.t = t;
    this.page = t.page;
    this.page.setDefaultTimeout(WAIT_MS);
  }

  /** Opens the lab and waits for its verdict on the packet it opens with. */
  async open(query = '') {
    await this.page.goto(this.t.url(`/lab/index.html${query}`));
    await this.page.locator('.verdict, .step-identity .failure').first().waitFor();
    return this;
  }

  button(name, options = {exact: true}) {
    return this.page.getByRole('button', {name, ...options});
  }

  async step(id) {
    await this.page.getByRole('navigation').locator(`a[href="#/${id}"]`).click();
    await this.page.locator(`.step-${id}`).waitFor();
  }

  pickFolder(folder) {
    return this.page.setInputFiles('#pick-folder', folder);
  }

  pickFile(file) {
    return this.page.setInputFiles('#pick-file', file);
  }

  /** The failure that is shown, of this kind. */
  async failure(kind) {
    const panel = this.page.locator('.failure:visible').first();
    await panel.waitFor();
    assert.equal(await panel.getAttribute('data-failure'), kind,
        await panel.innerText());
    assert.ok((await panel.innerText()).includes('What you can do'));
    return panel;
  }

  async load() {
    await this.step('run');
    await this.button('Load the model').click();
    await this.button('Load it again').waitFor();
  }

  async write(prompt) {
    await this.page.getByRole('textbox', {name: 'Prompt'}).fill(prompt);
    await this.button('Write').click();
  }

  /** No violation, in light and in dark. */
  async audit() {
    for (const colorScheme of ['light', 'dark']) {
      await this.page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
      await this.t.audit();
    }
    await this.page.emulateMedia({colorScheme: 'light', reducedMotion: 'reduce'});
  }

  /** Pictures at three widths, in light and in dark. */
  async pictures(name) {
    for (const width of [390, 820, 1440]) {
      await this.page.setViewportSize({width, height: width < 600 ? 844 : 900});
      for (const colorScheme of ['light', 'dark']) {
        await this.page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
        await this.page.evaluate(() => scrollTo(0, 0));
        await this.t.screenshot(`lab-${name}-${width}-${colorScheme}`, {fullPage: true});
        assert.ok(await this.page.evaluate(
            () => document.documentElement.scrollWidth <= innerWidth),
        `${name} is wider than ${width} pixels`);
      }
    }
    await this.page.setViewportSize({width: 1440, height: 900});
  }
}
