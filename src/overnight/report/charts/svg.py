"""From a Vega-Lite chart to SVG that belongs to the page it stands in.

Rules:
- What comes out holds no script, link, namespace, font or comment, and no id that another picture could have.
- Theme colours become CSS variables; descriptions of marks become `<title>`s, which browsers show on hover.
- The picture as a whole is one image with one label to a screen reader; its parts are silent.
"""

import re
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert

from overnight.report.charts.theme import VARIABLES, Size, config

_PAINTS = ("fill", "stroke", "stop-color")
_DROPPED = {"script", "foreignObject", "a", "image", "use", "style"}
_NUMBER = re.compile(r"\d+\.\d{2,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def render(chart: alt.TopLevelMixin, size: Size, label: str, key: str) -> str:
    """The chart as an inline `<svg>`. `label` is what a screen reader says; `key` makes its ids unique."""
    specification = chart.to_dict()
    specification["config"] = config(size)
    return inline(vl_convert.vegalite_to_svg(specification), label, f"{key}-{size.name}", size.name)


def inline(text: str, label: str, key: str, css_class: str) -> str:
    """An SVG document made part of a page, by the rules above."""
    root = ET.fromstring(text)
    _visit(root, key)
    for name in ("version", "width", "height"):
        root.attrib.pop(name, None)
    root.set("class", css_class)
    root.set("role", "img")
    root.set("aria-label", label)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _visit(element: ET.Element, key: str) -> None:
    element.tag = _local(element.tag)
    for child in list(element):
        if not isinstance(child.tag, str) or _local(child.tag) in _DROPPED:
            element.remove(child)
            continue
        _visit(child, key)
        if child.tag == "g" and not child.attrib and len(child) == 0:
            element.remove(child)
    _clean_attributes(element, key)


def _clean_attributes(element: ET.Element, key: str) -> None:
    described = element.get("aria-label") if element.get("aria-roledescription") == "point" else None
    styles = []
    for name, value in list(element.attrib.items()):
        local = _local(name)
        paint = VARIABLES.get(value.lower()) if local in _PAINTS else None
        if paint:
            styles.append(f"{local}:var({paint})")
        if paint or _is_noise(name, local, value):
            del element.attrib[name]
        else:
            element.set(name, _tidy(value, key))
    if "id" in element.attrib:
        element.set("id", f"{key}-{element.attrib['id']}")
    if styles:
        element.set("style", ";".join(styles))
    if described:
        ET.SubElement(element, "title").text = described


def _is_noise(name: str, local: str, value: str) -> bool:
    if local.startswith(("aria-", "on")) or local in (
        "role",
        "class",
        "href",
        "font-family",
        "pointer-events",
    ):
        return True
    return name != local or (local in ("opacity", "fill-opacity", "stroke-opacity") and value == "1")


def _tidy(value: str, key: str) -> str:
    value = _REFERENCE.sub(lambda m: f"url(#{key}-{m.group(1)})", value)
    return _NUMBER.sub(lambda m: f"{float(m.group()):.1f}".removesuffix(".0"), value)


def _local(name: str) -> str:
    return name.rpartition("}")[2]
