"""The page of the ledger, in a browser that people have."""

import json
import shutil
import time
from collections import Counter

import browser
import pytest
from commands import script
from report_run import EXTRA, HOSTILE, TEN, run, stored

__all__ = ["run"]


def test_the_page_names_no_other_file(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    for start in ("http:", "https:", "//", "file:"):
        assert f'"{start}' not in page
        assert f"({start}" not in page
    assert page.count("<script>") == 1


needs_browser = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing())


@pytest.fixture(scope="module")
def desktop():
    with browser.browser() as session:
        session.resize(1280, 900)
        yield session


@pytest.fixture(scope="module")
def phone():
    with browser.browser(phone=True) as session:
        yield session


@pytest.fixture
def page(desktop, run):
    desktop.media()
    desktop.open(f"file://{run}/report.html")
    return desktop


SHOWN = """return [...document.querySelectorAll('.claim')]
.filter(row => row.checkVisibility()).map(row => row.id)"""
STATUS = "return document.querySelector('[role=status]').textContent"


def choose(page, name, value):
    page.run(
        "const e = document.forms[0].elements[arguments[0]]; e.value = arguments[1];"
        "e.dispatchEvent(new Event('input', {bubbles: true}))",
        *(name, value),
    )


@needs_browser
def test_filters_leave_the_rows_they_say_and_count_them(page, run):
    rows = stored(run)
    assert page.run(SHOWN) == [row["id"] for row in rows]
    for name, matches in (
        ("verdict", lambda row, value: row["verdict"] == value),
        ("topic", lambda row, value: row["topic"] == value),
        ("document", lambda row, value: any(p[0] == value for p in row["places"])),
    ):
        values = page.run(
            f"return [...document.forms[0].elements.{name}.options].map(o => o.value)"
        )
        assert len(values) > 2
        for value in values[1:]:
            choose(page, name, value)
            expected = [row["id"] for row in rows if matches(row, value)]
            assert page.run(SHOWN) == expected
            assert page.run(STATUS) == f"{len(expected)} of {len(rows)} claims"
        choose(page, name, "")
    assert page.console() == []


@needs_browser
def test_words_are_searched_for_in_all_of_a_row(page):
    page.type("input[type=search]", "PROXIMAL norm")
    assert page.run(SHOWN) == ["C33"]
    page.click("button[type=reset]")
    page.run("return new Promise(done => setTimeout(done, 50))")
    assert len(page.run(SHOWN)) == len(TEN) + len(EXTRA)
    page.type("input[type=search]", "no such words")
    assert page.run(SHOWN) == []
    assert page.run("return document.querySelector('.none').checkVisibility()")


@needs_browser
def test_the_address_keeps_the_choice(page, run):
    choose(page, "verdict", "holds if")
    choose(page, "q", "weights")
    shown, address = page.run(SHOWN), page.run("return location.href")
    assert address.endswith("#verdict=holds+if&q=weights") or address.endswith(
        "#q=weights&verdict=holds+if"
    )
    page.open(f"file://{run}/report.html")
    assert page.run(SHOWN) != shown
    page.open(address)
    assert page.run(SHOWN) == shown
    page.open(f"file://{run}/report.html#C33")
    assert page.run("return document.getElementById('C33').open")
    page.open(f"file://{run}/report.html#verdict=nonsense&topic=%E0%A4%A")
    assert len(page.run(SHOWN)) == len(TEN) + len(EXTRA)
    assert page.console() == []


@needs_browser
def test_the_summary_counts_and_leads_to_its_rows(page, run):
    counts = Counter(row["verdict"] for row in stored(run))
    found = page.run(
        "return [...document.querySelectorAll('.verdicts a')].map(a =>"
        "['.badge', '.number'].map(part => a.querySelector(part).textContent))"
    )
    assert {verdict: int(number) for verdict, number in found} == counts
    page.click(".verdicts a[href='#verdict=refuted']")
    expected = [row["id"] for row in stored(run) if row["verdict"] == "refuted"]
    assert page.run(SHOWN) == expected
    assert page.run("return document.activeElement.id") == "ledger"
    first = "document.querySelector('.claim:not([hidden])')"
    assert 0 < page.run(f"return {first}.getBoundingClientRect().top") < 900


@needs_browser
def test_text_of_claims_stays_text(page):
    text = page.run("return document.querySelector('#X01 .statement').textContent")
    assert text.startswith(HOSTILE)
    alt = page.run("return document.querySelector('#X01 img').alt")
    assert alt == HOSTILE
    assert page.run("return document.querySelector('#X01 img').naturalWidth") > 100
    assert "ZeroDivisionError" in page.run(
        "return document.querySelector('#X02 .about').textContent"
    )
    assert page.run("return document.scripts.length") == 1


@needs_browser
def test_a_row_opens_by_keyboard_to_all_it_has(page):
    page.run("document.querySelector('#X01 > summary').focus()")
    body = "return document.querySelector('#X01 .body').checkVisibility()"
    assert not page.run(body)
    page.press("Enter")
    assert page.run(body)
    text = page.run("return document.querySelector('#X01').innerText")
    parts = ["Effect", "−2", "[−3, −1]", "0.002", "1 × 10300", "A<b", "yes", "$ "]
    parts += ["share [0.9, 1]", "at most 7", "[−inf, 2]", "Measure nothing."]
    for part in parts:
        assert part in text
    assert page.run("return document.querySelectorAll('#X01 .strip').length") == 1
    page.press("Space")
    assert not page.run(body)
    page.press("Tab")
    style = "const s = getComputedStyle(document.activeElement);"
    assert page.run(f"{style} return s.outlineStyle + parseFloat(s.outlineWidth)") == (
        "solid3"
    )
    assert page.run("return document.activeElement.parentElement.id") == "X02"


@needs_browser
def test_the_first_tab_leads_to_the_ledger(page):
    page.press("Tab")
    assert page.run("return document.activeElement.textContent") == "Skip to the ledger"
    page.press("Enter")
    assert page.run("return document.activeElement.id") == "ledger"


@needs_browser
def test_what_is_there_has_names_and_landmarks(page):
    for mark in ("header", "main", "footer", "[role=search]", "[role=status]"):
        assert page.run(f"return document.querySelectorAll('{mark}').length") == 1
    unnamed = page.run(
        "return [...document.querySelectorAll('input, select, button, a, summary')]"
        ".filter(e => !(e.labels?.[0]?.textContent || e.textContent).trim())"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []
    assert page.run("return document.documentElement.lang") == "en"
    assert page.run("return document.querySelectorAll('img:not([alt])').length") == 0
    verdicts = page.run(
        "return [...document.querySelectorAll('.claim')].map(row =>"
        "[row.dataset.verdict, row.querySelector('summary .badge').innerText])"
    )
    assert all(said == shown for said, shown in verdicts)


CONTRAST = """
const channels = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(
    c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  ).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = channels(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
for (const row of document.querySelectorAll('details')) row.open = true;
const found = [];
for (const e of document.querySelectorAll('body *')) {
  const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!text || !e.checkVisibility()) continue;
  const pair = [channels(getComputedStyle(e).color), behind(e)].map(light);
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  found.push([ratio, e.className || e.tagName]);
}
return found;
"""


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(page, scheme):
    page.media(scheme=scheme)
    found = page.run(CONTRAST)
    assert len(found) > 100
    assert min(found)[0] >= 4.5
    assert len({name for _, name in found if str(name).startswith("badge")}) == 4


@needs_browser
def test_light_and_dark_differ(page):
    paper = "return getComputedStyle(document.body).backgroundColor"
    colours = []
    for scheme in ("light", "dark"):
        page.media(scheme=scheme)
        colours.append(page.run(paper))
    assert len(set(colours)) == 2


def unfolded(page, settled):
    """Wait for frames in which what is below the rows comes up, or goes."""
    visible = (
        "return [...document.querySelectorAll('.claim .body')].map("
        "body => body.checkVisibility({contentVisibilityAuto: true}))"
    )
    until = time.monotonic() + 10
    while not settled(page.run(visible)) and time.monotonic() < until:
        time.sleep(0.05)
    return settled(page.run(visible))


def none(shown):
    return not any(shown)


@needs_browser
def test_print_shows_all_rows_and_no_controls(page):
    assert unfolded(page, none)
    page.media("print")
    assert unfolded(page, all)
    assert not page.run("return document.querySelector('form').checkVisibility()")
    page.media()
    assert unfolded(page, none)
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert unfolded(page, all)
    page.run("dispatchEvent(new Event('afterprint'))")
    assert unfolded(page, none)
    assert page.pdf().startswith(b"%PDF")


@needs_browser
def test_a_phone_shows_the_page_without_scrolling_sideways(phone, run):
    phone.open(f"file://{run}/report.html")
    assert phone.run("return innerWidth") == browser.PHONE["width"]
    phone.click("button[name=open]")
    assert phone.run("return document.querySelectorAll('.claim[open]').length") == len(
        TEN
    ) + len(EXTRA)
    width = phone.run("return document.documentElement.scrollWidth")
    assert width == browser.PHONE["width"]
    beyond = phone.run(
        "return [...document.querySelectorAll('main *:not(.wide img)')].filter(e =>"
        "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
    )
    assert beyond == []
    wide = "const e = document.querySelector('#C23 figure'); return "
    assert phone.run(f"{wide} e.scrollWidth") == 640
    assert phone.run(f"{wide} e.clientWidth") < browser.PHONE["width"]
    narrow = "const e = document.querySelector('#C33 figure'); return "
    assert phone.run(f"{narrow} e.scrollWidth - e.clientWidth") == 0
    assert phone.console() == []


@needs_browser
def test_verdicts_follow_ten_altered_numbers(page, run, tmp_path):
    content = json.loads((run / "claims.json").read_text(encoding="utf-8"))
    rows = [row for row in content["rows"] if row["id"] in TEN]
    before = {row["id"]: row["verdict"] for row in rows}
    for row in rows:
        changes, _ = TEN[row["id"]]
        assert changes.keys() <= row["numbers"].keys()
        row["numbers"] |= changes
    (tmp_path / "claims.json").write_text(json.dumps(content | {"rows": rows}))
    shutil.copytree(run / "claims", tmp_path / "claims")
    assert script("reproduce").main(["--redraw", "--out", str(tmp_path)]) == 0
    page.open(f"file://{tmp_path}/report.html")
    badge = "return document.querySelector(`#${arguments[0]} .badge`).textContent"
    shown = {name: page.run(badge, name) for name in TEN}
    assert shown == {name: verdict for name, (_, verdict) in TEN.items()}
    assert all(shown[name] != before[name] for name in TEN)
    assert {row["id"]: row["verdict"] for row in stored(tmp_path)} == shown
