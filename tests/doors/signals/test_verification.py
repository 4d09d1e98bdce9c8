"""What each sender can prove, and every way of proving it wrongly."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import get_args

import pytest
from multidict import CIMultiDict

from bot.doors.signals.admin import sign_sample
from bot.doors.signals.verification import GRAFANA_TIME, sign_body, sign_own, verify
from bot.doors.webhook.signature import InvalidDelivery
from bot.types import SourceKind

SECRET, OLD, OTHER = "new-secret-0123456789", "old-secret-0123456789", "another-secret-012345"
BODY = b'{"alerts": []}'
NOW = 1_764_550_000.0
KINDS = get_args(SourceKind)
SIGNED = ("sentry", "pagerduty", "grafana", "own")


def prove(kind: SourceKind, headers: Mapping[str, str], body: bytes = BODY, *, now: float = NOW) -> bytes:
    return verify(kind, CIMultiDict(headers), body, (SECRET, OLD), now).name


def signed(kind: SourceKind, secret: str, body: bytes = BODY) -> dict[str, str]:
    if kind == "own":
        return {"Forgehand-Signature": sign_own(body, secret, at=int(NOW), name="one")}
    return sign_sample(kind, body, secret)


@pytest.mark.parametrize("kind", KINDS)
def test_both_secrets_of_a_rotation_are_good_and_no_other(kind: SourceKind) -> None:
    assert prove(kind, signed(kind, SECRET)) == prove(kind, signed(kind, OLD))
    for headers in (signed(kind, OTHER), {}, dict.fromkeys(signed(kind, SECRET), "")):
        with pytest.raises(InvalidDelivery) as refused:
            prove(kind, headers)
        assert refused.value.status == 401
    with pytest.raises(InvalidDelivery, match="No secret is set"):
        verify(kind, CIMultiDict(signed(kind, "")), BODY, (), NOW)


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], b'{"alerts":[]}', b"\xff"])
def test_a_changed_body_is_refused(kind: SourceKind, body: bytes) -> None:
    with pytest.raises(InvalidDelivery):
        prove(kind, signed(kind, SECRET), body)


@pytest.mark.parametrize("kind", KINDS)
def test_proofs_of_one_kind_are_none_of_another(kind: SourceKind) -> None:
    shown = {"alertmanager", "datadog", "jenkins", "grafana"}
    for other in KINDS:
        if other != kind and not (kind in shown and other in shown):
            with pytest.raises(InvalidDelivery):
                prove(kind, signed(other, SECRET))


@pytest.mark.parametrize("kind", ["alertmanager", "datadog", "jenkins", "grafana"])
def test_a_secret_may_be_shown_in_three_ways(kind: SourceKind) -> None:
    login = base64.b64encode(f"forgehand:{SECRET}".encode()).decode()
    ways = ({"Forgehand-Token": SECRET}, {"Authorization": f"Bearer {SECRET}"}, {"Authorization": f"basic {login}"})
    assert len({prove(kind, headers) for headers in ways}) == 1
    wrong = [
        f"Bearer {SECRET}x",
        f"Bearer {SECRET[:-1]}",
        SECRET,
        "Basic ???",
        f"Basic {SECRET}",
        "Bearer",
        "Bearer \udcff",
    ]
    for text in wrong:
        with pytest.raises(InvalidDelivery):
            prove(kind, {"Authorization": text})


def test_one_of_several_signatures_of_pagerduty_is_enough() -> None:
    good, bad = sign_body(BODY, SECRET), sign_body(BODY, OTHER)
    assert prove("pagerduty", {"X-PagerDuty-Signature": f"v1={bad},v1={good}"}) == BODY
    for text in (good, f"v2={good}", f"v1={bad}", f"v1={good.upper()}", "v1=", ",".join([f"v1={bad}"] * 50 + [good])):
        with pytest.raises(InvalidDelivery):
            prove("pagerduty", {"X-PagerDuty-Signature": text})


def test_the_header_that_sentry_does_not_sign_decides_nothing() -> None:
    headers = signed("sentry", SECRET)
    names = {
        prove("sentry", headers | {"Sentry-Hook-Resource": name, "Request-ID": name}) for name in ("issue", "error")
    }
    assert names == {BODY}


def test_grafana_signs_its_time_where_it_is_told_to() -> None:
    at = str(int(NOW))
    headers = {"X-Grafana-Alerting-Signature": sign_body(f"{at}:".encode() + BODY, SECRET), GRAFANA_TIME: at}
    assert prove("grafana", headers)
    code = {"X-Grafana-Alert-Signature": headers["X-Grafana-Alerting-Signature"], GRAFANA_TIME: at}
    assert prove("grafana", code)
    later = {**headers, GRAFANA_TIME: str(int(NOW) + 10)}
    for wrong in ({**headers, GRAFANA_TIME: ""}, later, {**headers, GRAFANA_TIME: "x"}):
        with pytest.raises(InvalidDelivery):
            prove("grafana", wrong)
    for now in (NOW + 301, NOW - 301):
        with pytest.raises(InvalidDelivery, match="more than five minutes"):
            prove("grafana", headers, now=now)


def test_our_own_signature_covers_time_and_name() -> None:
    headers = signed("own", SECRET)["Forgehand-Signature"]
    assert prove("own", {"Forgehand-Signature": headers}) == b"one"
    hexed = headers.rpartition("=")[2]
    both = f"t={int(NOW)},id=one,v1={sign_body(BODY, OTHER)},v1={hexed}"
    assert prove("own", {"Forgehand-Signature": both}) == b"one"
    wrong = [headers.replace("id=one", "id=two"), headers.replace(f"t={int(NOW)}", f"t={int(NOW) + 1}")]
    wrong += ["", hexed, f"t=x,id=one,v1={hexed}", f"t={int(NOW)},id=,v1={hexed}", f"t={int(NOW)},id=a b,v1={hexed}"]
    wrong += [f"t=\u0661,id=one,v1={hexed}", headers + ",v1=" * 9]
    for text in wrong:
        with pytest.raises(InvalidDelivery):
            prove("own", {"Forgehand-Signature": text})
    with pytest.raises(InvalidDelivery, match="more than five minutes"):
        prove("own", {"Forgehand-Signature": headers}, now=NOW + 301)


def test_repeats_of_a_firing_alert_are_one_delivery_for_ten_minutes() -> None:
    headers = {"Forgehand-Token": SECRET}
    assert prove("alertmanager", headers) == prove("alertmanager", headers, now=NOW + 1)
    assert prove("alertmanager", headers) != prove("alertmanager", headers, now=NOW + 600)
    for kind in ("datadog", "jenkins"):
        assert prove(kind, headers) == prove(kind, headers, now=NOW + 10**6)  # type: ignore[arg-type]
