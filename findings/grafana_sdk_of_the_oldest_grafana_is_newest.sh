#!/usr/bin/env bash
# Which Grafana does `pip install "grafana-foundation-sdk>=11"` bring the models of?
#
# Seen with the two releases below, of one day in January 2026, and pip 25.3: of Grafana 10.1. Each release is published
# once for each Grafana, its version is that Grafana's behind an epoch, and the epoch is the second of the upload. The
# oldest Grafana is uploaded last. An epoch counts before all else, so 10.1.0 is newer than 11.6.0 and is at least 11.
# Dashboards that are built with it have schema version 36 in place of 41. Pin the whole version, epoch included.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" --disable-pip-version-check)
"${pip[@]}" install --quiet pip==25.3
for release in '1769699998!10.1.0' '1769699379!11.6.0'; do
  "${pip[@]}" download --quiet --no-deps --dest "$folder/wheels" "grafana-foundation-sdk==$release"
done

schema_with() {  # the schema version of a dashboard, with what this requirement brings of the two
  "${pip[@]}" install --quiet --no-index --find-links "$folder/wheels" "grafana-foundation-sdk$1"
  "$folder/venv/bin/python" -c 'from grafana_foundation_sdk.builders.dashboard import Dashboard
print(Dashboard("a title").build().schema_version)'
}

asked=$(schema_with '>=11')
pinned=$(schema_with '==1769699379!11.6.0')
echo "grafana-foundation-sdk>=11: schema version $asked"
echo "grafana-foundation-sdk==1769699379!11.6.0: schema version $pinned"
[ "$asked" = 36 ] || { echo "changed: >=11 brings a schema version $asked"; exit 1; }
[ "$pinned" = 41 ] || { echo "changed: 11.6.0 has a schema version $pinned"; exit 1; }
