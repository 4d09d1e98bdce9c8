"""A real Chromium, and what every page must be in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.support.notrun import need
from tests.support.room import Visitor

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
# Links in a sentence are as high as its line; everything else must be easy to hit.
_SMALL = """
[...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, summary, nav a')]
  .filter(one => one.checkVisibility())
  .map(one => [one.outerHTML.slice(0, 100), (one.closest('label') || one).getBoundingClientRect()])
  .filter(([, box]) => box.height < 24 || box.width < 24).map(([text]) => text)
"""
_NUMBER = """
[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(one => one.checkVisibility() && !one.disabled)
  .map((one, number) => { one.dataset.number = number; return one.outerHTML.slice(0, 100) })
"""
# Of radio buttons with one name Tab reaches one, and the arrow keys the others.
_REACHED = """
(() => {
  const one = document.activeElement
  const group = one.type === 'radio' ? document.querySelectorAll(`input[type=radio][name="${one.name}"]`) : [one]
  return [...group].map(each => Number(each.dataset.number ?? -1))
})()
"""
# Markdown is shown as code or not at all; what people and programs wrote stands in these.
_MARKDOWN = """
(() => {
  const found = []
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const node = walk.currentNode
    if (node.data.includes('`') && !node.parentElement.closest('pre, textarea, code, script')) found.push(node.data)
  }
  return found
})()
"""
_OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@dataclass
class Tab:
    """A page in the browser, and what was wrong with it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    async def look(self, name: str) -> None:
        """Examine what is shown, wide and as on a phone, light and dark."""
        marks = await self.page.evaluate(_MARKDOWN)
        self.faults += [f"{name}: shows Markdown: {text.strip()[:100]}" for text in marks]
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 800})
            for scheme in SCHEMES:
                await self.page.emulate_media(color_scheme=scheme)
                found = await Axe().run(self.page)
                if found.violations_count:
                    self.faults.append(f"{name}, {width} px, {scheme}: {found.generate_report()}")
            if (more := await self.page.evaluate(_OVERFLOW)) > 0:
                self.faults.append(f"{name}, {width} px: {more} px too wide")
            small = await self.page.evaluate(_SMALL)
            self.faults += [f"{name}, {width} px: too small: {text}" for text in small]

    async def walk_by_keyboard(self, name: str) -> None:
        """Press Tab from the top: everything that can be used is reached."""
        await self.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        there = await self.page.evaluate(_NUMBER)
        missing = set(range(len(there)))
        for _ in range(len(there) * 4 + 5):  # a date takes four
            if not missing:
                break
            await self.page.keyboard.press("Tab")
            missing -= set(await self.page.evaluate(_REACHED))
        self.faults += [f"{name}: Tab does not reach {there[number]}" for number in sorted(missing)]


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    need("chromium")
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def signed_in(browser: Browser, who: Visitor, *, script: bool = True) -> BrowserContext:
    """Somebody's browser, with or without script."""
    context = await browser.new_context(java_script_enabled=script)
    await context.add_cookies(
        [{"name": name, "value": value, "url": who.origin} for name, value in who.cookies.items()]
    )
    return context


async def open_tab(context: BrowserContext) -> Tab:
    """A tab that writes down what the browser complains of."""
    tab = Tab(await context.new_page())
    tab.page.on("console", lambda said: tab.faults.append(f"console: {said.text}") if said.type == "error" else None)
    tab.page.on("pageerror", lambda error: tab.faults.append(f"script: {error}"))
    return tab
