r"""nbconvert configuration for a page that needs nothing from the network.

Mathematics in text becomes MathML, which browsers draw without a script.
"""

import os
import re
from html import escape

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# What the converter does not know, in terms of what it knows.
REWRITES = [
    # \mathcal N: an argument without braces becomes an attribute that browsers ignore
    (r"(\\math(?:bb|bf|cal|frak|scr|sf|tt)|\\boldsymbol)\s*([A-Za-z0-9])(?![A-Za-z0-9])", r"\1{\2}"),
    (r"\\operatorname\*?\s*\{\s*arg\s*(?:\\[,; ])?\s*(min|max)\s*\}", r"\\arg\1"),
    (r"\\arg(?![A-Za-z])", r"\\operatorname{arg}"),
    (r"\\(begin|end)\{aligned\}", r"\\\1{split}"),
    (r"\\(begin|end)\{gather(?:ed|\*)?\}", r"\\\1{matrix}"),
    (r"\\tag\*?\s*\{([^{}]*)\}", r"\\qquad\\text{(\1)}"),
    (r"(\\[bB]igg?[lr]?)\s*\\\|", r"\1‖"),
]

# A minus after an opening bracket, a comma or a relation is a sign, and stands
# close to its number.
SIGN = re.compile(r"(<mo[^>]*>(?:&#x00028;|&#x0005B;|&#x0002C;|&#x0003D;)</mo>)<mo>&#x02212;</mo>")


def mathml(latex, display):
    for pattern, replacement in REWRITES:
        latex = re.sub(pattern, replacement, latex)
    try:
        return SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', convert(latex, display=display))
    except Exception:  # the converter has no error type of its own
        return f'<code class="latex">{escape(latex)}</code>'


class Renderer(IPythonRenderer):
    """nbconvert's renderer of Markdown, with MathML in the place of LaTeX."""

    def block_math(self, body):
        return mathml(body, "block")

    def inline_math(self, body):
        return mathml(body, "inline")

    def latex_environment(self, name, body):
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def markdown(source):
    return MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(source)


c = get_config()  # noqa: F821 (nbconvert defines it)
c.HTMLExporter.extra_template_basedirs = [os.path.dirname(__file__)]
c.HTMLExporter.template_name = "template"
c.HTMLExporter.filters = {"markdown2html": markdown}
c.HTMLExporter.embed_images = True
