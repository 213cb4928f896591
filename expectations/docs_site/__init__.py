"""Great Expectations' own Data Docs, for reading without a network.

Its pages load a dozen files from content delivery networks, and its index is empty without them. Here its builder
and renderers do their work with a few templates of ours: no script, no file, one style.
"""

from __future__ import annotations

from pathlib import Path

from great_expectations.data_context.data_context.file_data_context import FileDataContext
from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

TEMPLATES = Path(__file__).parent


class OfflinePageView(DefaultJinjaPageView):
    """A page whose templates are ours where we have one of that name."""

    _template = "offline_page.j2"

    def __init__(self, custom_styles_directory: str | None = None, custom_views_directory: str | None = None) -> None:
        super().__init__(custom_styles_directory, custom_views_directory)
        assert self.env.loader is not None
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])


VIEW = {"view": {"module_name": __name__, "class_name": OfflinePageView.__name__}}


def build(context: FileDataContext, folder: Path) -> None:
    """Write the site of what was validated in this context, beside that of earlier runs."""
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())}
    site = SiteBuilder(
        data_context=context,
        store_backend=backend,
        site_name="quant platform",
        site_index_builder={"class_name": "DefaultSiteIndexBuilder", **VIEW},
        show_how_to_buttons=False,
        site_section_builders={"expectations": VIEW, "validations": VIEW, "profiling": "none"},
    )
    for section in site.site_section_builders.values():
        section.build()
    site.site_index_builder.build()  # `site.build()` would also copy four megabytes of pictures that no page shows
