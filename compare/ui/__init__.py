"""The page: the only gradio. `page` builds it; one file a tab, each one function."""

from compare.ui import imported  # noqa: F401
from compare.ui.page import launch_settings, page

__all__ = ["launch_settings", "page"]
