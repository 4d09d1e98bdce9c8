"""The manifest of the App, and addresses of GitHub servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.github.api.hosts import HostRefused, api_url_of, web_url_of
from bot.github.resources.manifest import ManifestError, Places, lacking, load_manifest

MANIFEST = load_manifest()


def test_the_manifest_asks_for_little_and_says_why() -> None:
    assert MANIFEST.levels() == {
        "metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write", "checks": "write",
    }  # fmt: skip
    assert all(ask.why for ask in MANIFEST.permissions.values())
    assert MANIFEST.levels(["ci"])["actions"] == "write"
    assert "workflow_run" in MANIFEST.event_names(["ci"])
    assert "workflow_run" not in MANIFEST.event_names()
    assert lacking({"contents": "read"}, {"contents": "write", "metadata": "read"}) == {
        "contents": "write",
        "metadata": "read",
    }
    with pytest.raises(ManifestError, match="choose from ci"):
        MANIFEST.levels(["everything"])
    assert all(part.without for part in (*MANIFEST.permissions.values(), *MANIFEST.optional.values()))
    places = Places(
        registered="http://127.0.0.1/c", installed="https://h.example/i", signed_in=("https://h.example/s",)
    )
    off = MANIFEST.for_github(name="x", homepage="https://h.example", places=places, hook_url=None)
    assert (off["redirect_url"], off["setup_url"]) == (places.registered, places.installed)
    assert off["hook_attributes"] == {"url": "https://h.example", "active": False}


def test_a_broken_manifest_is_told_by_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "app.yml"
    for text, said in (("a: [", "not YAML"), ("name: x\ndescription: y\nevents: {}\n", "permissions: Field required")):
        file.write_text(text)
        with pytest.raises(ManifestError, match=said):
            load_manifest(file)
    with pytest.raises(ManifestError, match="cannot be read"):
        load_manifest(tmp_path / "none.yml")


def test_addresses_of_githubs() -> None:
    assert api_url_of(web_url_of("github.com")) == "https://api.github.com"
    assert api_url_of(web_url_of("https://Octo.ghe.com/")) == "https://api.octo.ghe.com"
    assert api_url_of(web_url_of("https://git.example.com:8443")) == "https://git.example.com:8443/api/v3"
    assert api_url_of(web_url_of("http://127.0.0.1:3000")) == "http://127.0.0.1:3000/api/v3"
    for bad in (
        "",
        "http://git.example.com",
        "ftp://x",
        "https://a@b",
        "https://x/y",
        "https://x:port",
        "https:///x",
    ):
        with pytest.raises(HostRefused):
            web_url_of(bad)
