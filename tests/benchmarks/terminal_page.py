"""From a key to the character that a browser drew on the page of a container."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tests.stack import PASSWORD, Stack

WAIT_MS: Final = 60_000
# Milliseconds from the event of the key to the frame that shows another text, as the page sees it.
_WATCHES: Final = """() => {
  const rows = document.querySelector(".xterm-rows");
  const nobody = () => {};
  let before = "", pressed = 0, told = nobody;
  const took = [];
  // The policy of the page lets nothing be asked again and again, so it is told.
  window.drawn = () =>
    new Promise((resolve, reject) => {
      told = () => {
        if (!took.length) return;
        told = nobody; // the next one is not for who has this one
        resolve(took.shift());
      };
      told();
      setTimeout(() => reject(document.querySelector("[data-terminal]").innerText), 60_000);
    });
  const press = () => { before = rows.textContent; pressed = performance.now(); };
  addEventListener("keydown", press, true);
  new MutationObserver(() => {
    if (!pressed || rows.textContent === before) return;
    const since = pressed;
    pressed = 0;
    requestAnimationFrame(() => {
      took.push(performance.now() - since);
      told();
    });
  }).observe(rows, { childList: true, subtree: true, characterData: true });
}"""


@contextmanager
def drawn_by_browser(running: Stack, key: int) -> Iterator[Callable[[bytes], float]]:
    """A headless Chromium on the page of the container, with keys as a keyboard gives them."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{running.url}/admin/login/")
        page.locator("input[name=username]").fill("admin")
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#link-state[data-state=live]")
        page.goto(f"{running.url}/admin/sites/container/{key}/change/?tab=terminal")
        page.locator("input[name=command]").fill("cat")
        page.get_by_role("button", name="Open").click()
        state = page.locator("[data-terminal-state]")
        expect(state).to_have_text("cat runs", timeout=WAIT_MS)
        page.evaluate(_WATCHES)

        def press(letter: bytes) -> float:
            page.keyboard.press(letter.decode())
            return float(page.evaluate("drawn()"))

        yield press
        browser.close()
