#!/usr/bin/env bash
# Does an installer refuse pip's lock file on another platform than the one it was made for?
#
# Seen with pip 26.3 and uv 0.13.9 on Linux, for click, which needs colorama on Windows: it cannot know. `pip lock`
# writes what it would install here, without colorama, and none of the fields that the format has for this: no
# environments, no requires-python and no markers. uv installs from the file for Windows without a warning, and ends
# with 0, but colorama is missing; asked for click itself, it brings it. pip's documentation says that the file is for
# the platform it was made on, the file does not. uv's own `uv export --format pylock.toml` has colorama with a marker.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary pip==26.3 uv==0.13.9
python=$PWD/env/bin/python
PATH="$PWD/env/bin:$PATH"
export UV_CACHE_DIR=$PWD/cache UV_NO_CONFIG=1
pip lock --quiet --output pylock.toml click==8.3.1 2> log.txt
windows() { uv pip install --quiet --python "$python" --python-platform windows "$@" 2>> log.txt; }
windows --target locked --requirements pylock.toml
windows --target asked click==8.3.1
printf '[project]\nname = "sample"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["click==8.3.1"]\n' > pyproject.toml
uv export --quiet --python "$python" --format pylock.toml --output-file pylock.uv.toml 2>> log.txt
names() { grep -E '^(environments|requires-python|marker|name) ' "$1" | grep -v whl | sort -u | paste -sd ';'; }
packages() { find "$1" -maxdepth 1 -name '*.dist-info' -printf '%f\n' | sed 's/-.*//' | sort | paste -sd ' '; }
locked=$(packages locked)
asked=$(packages asked)
pip=$(names pylock.toml)
uv=$(names pylock.uv.toml)
printf 'from the lock file: %s\nfrom the name: %s\npip lock: %s\nuv export: %s\n' "$locked" "$asked" "$pip" "$uv"
[ "$locked;$asked" = "click;click colorama" ] || { echo "changed: what uv installs for Windows"; exit 1; }
[ "$pip" = 'name = "click"' ] || { echo "changed: pip lock says for what it was made"; exit 1; }
[[ $uv = *marker*colorama* ]] || { echo "changed: what uv exports"; exit 1; }
