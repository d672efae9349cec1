"""The report in a browser: it renders, loads nothing, and fits a phone."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.report.runs import imaging_run

from webbcal.report.run import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

PROBE = """<!doctype html><meta charset=utf-8><title>probe</title>
<iframe src="{page}" style="width:{width}px;height:2000px;border:0"></iframe><pre id=told></pre>
<script>
addEventListener("load", () => {{
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  page.querySelectorAll("details").forEach(one => one.open = true);
  const past = [...page.querySelectorAll("body *")].filter(one =>
    !one.closest(".scroll, nav, svg") &&
    one.getBoundingClientRect().right > {width} + 0.5).map(one => one.outerHTML.slice(0, 80));
  const mute = [...page.querySelectorAll("figure.chart svg")].filter(one =>
    one.getBoundingClientRect().height < 50).length;
  document.getElementById("told").textContent = "TOLD" + JSON.stringify({{
    width: page.documentElement.scrollWidth,
    height: page.documentElement.scrollHeight,
    images: page.images.length,
    decoded: [...page.images].filter(one => one.complete && one.naturalWidth > 0).length,
    past: past,
    flat: mute,
    background: getComputedStyle(page.body).backgroundColor,
    loaded: frame.contentWindow.performance.getEntriesByType("resource")
      .map(one => one.name).filter(name => !name.startsWith("data:")),
  }}) + "END";
}});
</script>"""


def browse(folder: Path, page: Path, width: int, *flags: str) -> tuple[dict, str]:
    """Open a page in a frame of some width; return what a probe saw, and the console."""
    probe = folder / f"probe{width}.html"
    probe.write_text(PROBE.format(page=page.as_uri(), width=width), "utf-8")
    command = [
        str(CHROMIUM), "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage",
        "--allow-file-access-from-files", "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        "--window-size=1400,2200", *flags, "--dump-dom", probe.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert '<pre id="told">TOLD' in done.stdout, done.stderr[-2000:]
    told = done.stdout.partition('<pre id="told">TOLD')[2].partition("END</pre>")[0]
    told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return json.loads(told), console


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = imaging_run(tmp_path_factory.mktemp("browser"))
    return write_report(folder, folder / "report.html")


@pytest.mark.parametrize("width", [400, 1300])
def test_page_renders_and_fits_without_errors_or_requests(page, tmp_path, width):
    told, console = browse(tmp_path, page, width)
    assert console == ""
    assert told["loaded"] == []
    assert told["decoded"] == told["images"] >= 17
    assert told["width"] == width
    assert told["past"] == []
    assert told["flat"] == 0
    assert told["height"] > 1500


def test_page_follows_the_dark_look(page, tmp_path):
    light, _ = browse(tmp_path, page, 1300)
    dark, _ = browse(tmp_path, page, 1300, "--blink-settings=preferredColorScheme=0")
    assert light["background"] != dark["background"]


def test_script_that_got_into_a_page_would_not_run(page, tmp_path):
    changed = tmp_path / "changed.html"
    text = page.read_text("utf-8")
    script = "<script>document.body.style.background = 'rgb(1, 2, 3)'</script>"
    changed.write_text(text.replace("</body>", script + "</body>"), "utf-8")
    told, console = browse(tmp_path, changed, 1300)
    assert told["background"] != "rgb(1, 2, 3)"
    assert "Content Security Policy" in console
