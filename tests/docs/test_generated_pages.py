"""What is declared is documented: the generated pages hold all of it, and are reachable."""

import dataclasses
import re

import pytest

from webbcal.core.dq import DQ
from webbcal.modes import MODES
from webbcal.pipelines.recipes import RECIPES
from webbcal.sim import ImagingProgramme
from webbcal.spec.fields import Elements, declared
from webbcal.spec.meta import keywords, reference_keywords
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES
from webbcal.steps import STEPS
from webbcal.steps.of_sets import SET_STEPS

ALL_STEPS = {**STEPS, **SET_STEPS}

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
ENTRY = re.compile(r"^(?:.*<)?([^<>:\s]+?)>?$")


@pytest.mark.parametrize("name", ALL_STEPS)
def test_every_step_has_a_page_with_its_options_and_formula(generated, name):
    page, step = generated[f"steps/{name}"], ALL_STEPS[name]
    assert f"autofunction:: {step.run.__module__}.{step.run.__name__}" in page
    for option in dataclasses.fields(step.options):
        assert f"| `{option.name}` |" in page
        assert option.metadata["unit"] in page
    for need in step.references.values():
        named = f"the file of the option `{need.option}`"
        assert (named if need.option else f"../references/{need.kind.reftype}.md") in page


def test_recipes_and_modes_are_complete(generated):
    for recipe in RECIPES.values():
        for step in (*recipe.steps, *recipe.sets):
            assert f"1. [{step}](steps/{step}.md)" in generated["recipes"]
    for exposure_type in MODES:
        assert f"`{exposure_type}`" in generated["modes"]


@pytest.mark.parametrize("kind", PRODUCTS, ids=lambda kind: kind.__name__)
def test_every_product_has_a_page_with_its_extensions_and_columns(generated, kind):
    assert_complete(generated[f"products/{kind.__name__.lower()}"], kind)


@pytest.mark.parametrize("reftype", REFERENCES)
def test_every_reference_type_has_a_page(generated, reftype):
    assert_complete(generated[f"references/{reftype}"], REFERENCES[reftype])


def assert_complete(page, kind):
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements):
            assert_complete(page, spec.part)
        elif spec.extname:
            assert re.search(
                rf"^\| `{re.escape(spec.extname.upper())}[^|]* \| `[^`]*{name}`", page, re.M
            )
        for column in getattr(spec, "columns", ()):
            assert f"`{column.name}" in page


def test_every_keyword_and_flag_is_listed(generated):
    pages = "".join(body for name, body in generated.items() if name.startswith("keywords/"))
    for entry in (*keywords(), *reference_keywords()):
        assert f"| `{entry.path}` |" in pages
    for flag in DQ:
        assert re.search(rf"\| {flag.value} \| `{flag.name}` \| (yes)? +\| \w", generated["flags"])


def test_every_option_of_the_simulator_is_listed(generated):
    for option in dataclasses.fields(ImagingProgramme):
        assert f"| `{option.name}` |" in generated["simulation"]


def test_findings_of_check_are_listed_with_their_severity(generated):
    assert (
        "| `image.dtype` | error | The pixels of … are of the wrong type. |"
        in (generated["checks"])
    )


def test_text_is_shown_as_it_is_written():
    from declared.markdown import table, text

    assert text("a_b * [c] | `d_e`") == r"a\_b \* \[c\] \| `d_e`"
    assert table(("a", "b", "c"), [("1", "", "3")]) == "| a | c |\n| --- | --- |\n| 1 | 3 |\n\n"


def test_stale_pages_are_removed(tmp_path):
    from declared import write_pages

    stale = tmp_path / "steps" / "gone.md"
    stale.parent.mkdir()
    stale.write_text("# gone")
    write_pages(tmp_path)
    assert not stale.exists()
    assert (tmp_path / "steps" / "superbias.md").exists()


def all_pages(docs, generated):
    """Return every page by its path below docs, without suffix."""
    pages = {
        str(path.relative_to(docs).with_suffix("")): path.read_text("utf-8")
        for path in docs.rglob("*.md")
        if path.relative_to(docs).parts[0] not in ("_build", "generated", "_ext")
    }
    return pages | {f"generated/{name}": body for name, body in generated.items()}


def neighbours(name, body, pages):
    """Yield the pages that a page links to or has in its table of contents."""
    folder = name.rpartition("/")[0]
    targets = [link.removesuffix(".md") for link in LINK.findall(body) if ".md" in link]
    for block in re.findall(r"```\{toctree\}\n(.*?)```", body, re.DOTALL):
        lines = [line for line in block.splitlines() if line and not line.startswith(":")]
        targets += [ENTRY.match(line.rpartition(" ")[2])[1] for line in lines]
    for target in targets:
        parts = [] if target.startswith("/") else folder.split("/") if folder else []
        for part in target.strip("/").split("/"):
            parts = parts[:-1] if part == ".." else [*parts, part]
        path = "/".join(part for part in parts if part != ".")
        if path.endswith("*"):
            yield from (page for page in pages if page.startswith(path[:-1]))
        else:
            yield path


def test_every_page_can_be_reached_from_the_first_and_no_link_is_dead(docs, generated):
    pages = all_pages(docs, generated)
    reached, waiting = set(), ["index"]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        assert name in pages, f"a link leads to {name}, which does not exist"
        reached.add(name)
        waiting += neighbours(name, pages[name], pages)
    assert set(pages) == reached
    assert any(name.startswith("decisions/0001") for name in reached)
