"""Leave out files not worth reading: binary, vendored, generated, huge."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

MAX_BYTES = 1_000_000
_MAX_PATH = 1_000

Role = Literal["code", "test", "example", "docs", "text"]

_BINARY_NAMES = """
7z a aac apk avi avif bin bmp bz2 class dat db dll doc docx dylib eot exe fits flac gif gz h5 hdf5 icns ico jar jpeg jpg
lib lz4 m4a mat mo mov mp3 mp4 mpeg npy npz o obj ogg otf parquet pdf pickle pkl png pptx psd pyc pyd pyo rar so sqlite
sqlite3 tar tgz tif tiff ttc ttf war wasm wav webm webp whl woff woff2 xls xlsx xz zip zst
"""
_DATA_NAMES = "afm crt csv diff eps geojson inv ipynb lock log map patch pem po pot ps snap svg tsv xsd"
_BINARY = frozenset(_BINARY_NAMES.split())
_DATA = frozenset(_DATA_NAMES.split())
_VENDORED = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|vendored|_vendor|third[_-]?party|thirdparty|extern|jspm_packages|"
    r"Pods|Carthage|\.yarn|\.git|\.venv|site-packages|__pycache__|__snapshots__|locale/[^/]+/LC_MESSAGES)/"
)
_GENERATED_NAME = re.compile(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|go\.sum|[^/]*[.-]min\.(?:js|css|mjs)|[^/]*_pb2(?:_grpc)?\.pyi?|"
    r"[^/]*\.pb\.(?:go|cc|h)|[^/]*\.g\.(?:cs|dart)|[^/]*\.designer\.cs|parsetab\.py|[^/]*\.bundle\.js)$",
    re.IGNORECASE,
)
_GENERATED_HEAD = re.compile(
    r"@generated|DO NOT (?:EDIT|MODIFY)|(?:auto-?matically|auto|code|file) generated (?:by|from|using)|"
    r"generated (?:automatically|by the protocol buffer compiler)",
    re.IGNORECASE,
)
_LFS = b"version https://git-lfs.github.com/spec/"

_TEST = re.compile(
    r"(?:^|/)(?:tests|__tests__|specs?|testsuites?|testdata|test_data|test-data|e2e|fixtures|__mocks__)/|"
    r"(?:^|/)(?:test_[^/]*|[^/]*_tests?|[^/]*[._-](?:test|spec)|conftest|tests)\.\w+$|"
    r"(?:^|/)src/(?:[a-z]+Test|test)/|^(?:test|testing)/|"
    r"(?:^|/)\w*[a-z](?:Test|Tests|TestCase|Spec)\.(?:java|kt|cs|php|scala|groovy)$"
)
_EXAMPLE = re.compile(
    r"(?:^|/)(?:examples?|samples?|demos?|benchmarks?|asv_bench|bench|tutorials?|gallery|galleries|cookbook|playground)/"
)
_DOCS = re.compile(
    r"(?:^|/)(?:docs?|documentation|changes|changelog\.d|newsfragments|whats_?new|releases)/|"
    r"\.(?:md|rst|adoc|markdown|mdx)$|(?:^|/)(?:CHANGES|CHANGELOG|NEWS|HISTORY|AUTHORS|LICENSE|COPYING)[^/]*$"
)


def unread_path(path: str) -> str | None:
    """Return why a path alone leaves a file out, in one word, or None."""
    suffix = PurePosixPath(path).suffix.removeprefix(".").lower()
    if suffix in _BINARY:
        return "binary"
    if suffix in _DATA or len(path) > _MAX_PATH:
        return "data"
    if _VENDORED.search(path):
        return "vendored"
    return "generated" if _GENERATED_NAME.search(path) else None


def unread_bytes(data: bytes) -> str | None:
    """Return why its bytes leave a file out, in one word, or None."""
    if len(data) > MAX_BYTES:
        return "huge"
    if b"\0" in data[:8_000]:
        return "binary"
    if data.startswith(_LFS):
        return "pointer"
    lines = data.count(b"\n") + 1
    if len(data) > 20_000 and len(data) / lines > 400:
        return "minified"
    head = b"\n".join(data[:3_000].split(b"\n")[:15]).decode("utf-8", "replace")
    return "generated" if _GENERATED_HEAD.search(head) else None


def role_of(path: str, *, is_code: bool) -> Role:
    """Classify a file by its path: code, test, example, docs or other text."""
    if _TEST.search(path):
        return "test"
    if _EXAMPLE.search(path):
        return "example"
    if _DOCS.search(path):
        return "docs"
    return "code" if is_code else "text"
