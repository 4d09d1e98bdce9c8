"""Write the dashboard for Grafana: `python deploy/grafana/make_dashboard.py` after a change of the panels below."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import Dashboard, DataSourceRef

FILE = Path(__file__).with_name("forgehand.json")
_SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
_WIDTH = 24  # of a row, in Grafana's columns


@dataclass(frozen=True)
class Panel:
    """A panel: what it shows in which unit of Grafana's, and its queries by the legend of their lines."""

    title: str
    description: str
    unit: str
    queries: dict[str, str]
    tile: bool = False


def _increase(name: str, *by: str) -> str:
    """Count what happened in each interval, over all processes."""
    return f"sum by ({', '.join(by)}) (increase({name}[$__rate_interval]))"


def _quantile(share: float, name: str, *by: str) -> str:
    """Return the time within which a share of what happened was over."""
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *by))}) (rate({name}_bucket[$__rate_interval])))"


TILES = (
    Panel(
        "Waiting for people",
        "Tasks that ended with a question or wait for an approval.",
        "short",
        {"": 'sum(max by (task, state) (forgehand_tasks{state=~"awaiting_.*"})) or vector(0)'},
        tile=True,
    ),
    Panel(
        "Running",
        "Tasks at work now.",
        "short",
        {"": 'sum(max by (task, state) (forgehand_tasks{state="running"})) or vector(0)'},
        tile=True,
    ),
    Panel(
        "Oldest delivery",
        "How long the oldest delivery that is not handled has waited. Beyond two minutes somebody is paged.",
        "s",
        {"": "max(forgehand_inbox_oldest_seconds)"},
        tile=True,
    ),
    Panel(
        "Money today",
        "Dollars paid for models since the day of the server's time zone began.",
        "currencyUSD",
        {"": "max(forgehand_dollars_today)"},
        tile=True,
    ),
)
ROWS: dict[str, Sequence[Panel]] = {
    "Tasks by outcome": (
        Panel(
            "Ended tasks",
            "Tasks that ended in each interval, by how.",
            "short",
            {"{{outcome}}": _increase("forgehand_ended_tasks_total", "outcome")},
        ),
        Panel(
            "Pull requests of 14 days",
            "What became of our pull requests: merged as they were, merged after people edited them, closed, reverted.",
            "short",
            {"{{outcome}}": "max by (outcome) (forgehand_pull_requests)"},
        ),
        Panel(
            "Open tasks",
            "Tasks that wait for a worker, run or wait for people.",
            "short",
            {"{{state}}": "sum by (state) (max by (task, state) (forgehand_tasks))"},
        ),
    ),
    "Latency by stage": (
        Panel(
            "First sign",
            "From a delivery's arrival to the first reaction, answer or check run.",
            "s",
            {
                "half": _quantile(0.5, "forgehand_first_sign_seconds"),
                "95 %": _quantile(0.95, "forgehand_first_sign_seconds"),
            },
        ),
        Panel(
            "Stages",
            "How long stages of tasks take; 95 % take at most so long.",
            "s",
            {"{{stage}}": _quantile(0.95, "forgehand_stage_seconds", "stage")},
        ),
        Panel(
            "Webhooks and signals",
            "From the headers of a delivery to our answer, and what of it the commit to the database takes; 99 %.",
            "s",
            {
                "webhook": _quantile(0.99, "forgehand_webhook_seconds"),
                "signal": _quantile(0.99, "forgehand_signal_seconds"),
                "commit": _quantile(0.99, "forgehand_inbox_commit_seconds"),
            },
        ),
        Panel(
            "Deliveries",
            "Deliveries handled by result, those that came twice, those found again; and how many wait or have failed.",
            "short",
            {
                "handled, {{result}}": _increase("forgehand_handled_deliveries_total", "result"),
                "twice": _increase("forgehand_duplicate_deliveries_total"),
                "found again": _increase("forgehand_recovered_deliveries_total"),
                "open": "max(forgehand_inbox_open)",
                "failed so far": "max(forgehand_inbox_failed)",
            },
        ),
    ),
    "Cost by role": (
        Panel(
            "Dollars",
            "Dollars paid for models in each interval, by role.",
            "currencyUSD",
            {"{{role}}": _increase("forgehand_model_dollars_total", "role")},
        ),
        Panel(
            "A merged pull request",
            "What was paid for a type of task in the last 14 days, all tries included, by merged pull request.",
            "currencyUSD",
            {"{{task}}": "max by (task) (forgehand_merged_pull_request_dollars)"},
        ),
        Panel(
            "Budget used",
            "The most used limit of each kind that settings and operators set; those of policies are not in it.",
            "percentunit",
            {"{{scope}}": "max by (scope) (forgehand_budget_used_ratio)"},
        ),
        Panel(
            "Refused by a budget",
            "Calls of models that were not made because a limit forbade them.",
            "short",
            {"{{scope}}": _increase("forgehand_budget_refusals_total", "scope")},
        ),
    ),
    "Providers": (
        Panel(
            "Questions",
            "Questions to the models of a role by how they ended; anything but answered means that no model answered.",
            "short",
            {"{{role}}, {{result}}": _increase("forgehand_model_questions_total", "role", "result")},
        ),
        Panel(
            "Errors",
            "Tries that a model did not answer, by why.",
            "short",
            {"{{model}}, {{error}}": _increase("forgehand_model_errors_total", "model", "error")},
        ),
        Panel(
            "Time to the first token",
            "From a question to the first event of the answer; 95 %.",
            "s",
            {"{{model}}": _quantile(0.95, "forgehand_model_first_token_seconds", "model")},
        ),
        Panel(
            "Fallbacks",
            "Answers that another model of the role gave than the first one.",
            "short",
            {"{{role}}": _increase("forgehand_model_fallbacks_total", "role")},
        ),
        Panel(
            "Keys",
            "Keys of providers that are in use, by state.",
            "short",
            {"{{state}}": "max by (state) (forgehand_keys)"},
        ),
        Panel(
            "Next rotation",
            "Time until the first key is overdue for replacement.",
            "s",
            {"left": "min(forgehand_key_rotation_seconds)"},
        ),
    ),
    "GitHub limits": (
        Panel(
            "Left of the hourly limits",
            "The least that an installation has left.",
            "percentunit",
            {"left": "min(forgehand_github_left_ratio)"},
        ),
        Panel(
            "Asked to wait",
            "Answers of GitHub that ask us to wait, and requests that wait for their turn here.",
            "short",
            {
                "{{limit}} limit": _increase("forgehand_github_limited_total", "limit"),
                "waiting": "sum(forgehand_github_waiting)",
            },
        ),
        Panel(
            "Requests",
            "Requests to GitHub by class of answer; none: no answer came.",
            "short",
            {"{{status}}": _increase("forgehand_github_requests_total", "status")},
        ),
    ),
    "Workers": (
        Panel(
            "Since the last beat",
            "How long ago each process looked after its work.",
            "s",
            {"{{instance}}": "time() - forgehand_last_beat_timestamp_seconds"},
        ),
        Panel(
            "Oldest in the queue",
            "How long the oldest task without a worker waits: grouped ones change a branch, quick ones only answer.",
            "s",
            {"{{lane}}": "max by (lane) (forgehand_queue_oldest_seconds)"},
        ),
        Panel(
            "Dead, overdue, again",
            "Tasks given up, steps that run for too long, and steps that began again because a process ended.",
            "short",
            {
                "dead": 'sum(increase(forgehand_ended_tasks_total{outcome="dead"}[$__rate_interval]))',
                "overdue": "sum(forgehand_overdue_steps)",
                "again": _increase("forgehand_step_replays_total"),
            },
        ),
        Panel(
            "Database last read",
            "How old the figures are that come from the database.",
            "s",
            {"{{instance}}": "time() - forgehand_database_read_timestamp_seconds"},
        ),
        Panel(
            "Builds",
            "Processes by version.",
            "short",
            {"{{version}}": "count by (version) (forgehand_build_info)"},
        ),
    ),
    "Sandbox": (
        Panel(
            "Commands",
            "Commands run in the sandbox, by how they ended: by themselves or at a limit.",
            "short",
            {"{{tier}}, {{ended}}": _increase("forgehand_sandbox_runs_total", "tier", "ended")},
        ),
        Panel(
            "Tier",
            "Processes by the tier in use, and those whose tier is weaker than what was asked for.",
            "short",
            {"{{tier}}": "count by (tier) (forgehand_sandbox_tier)", "too weak": "sum(forgehand_sandbox_weak)"},
        ),
    ),
}


def make_dashboard() -> Dashboard:
    """Return the dashboard: four tiles, then a row a subject."""
    builder = (
        dashboard.Dashboard("Forgehand")
        .uid("forgehand")
        .description("What Forgehand does, how well and at what cost. docs/monitoring.md says what to do.")
        .tags(["forgehand"])
        .timezone("browser")
        .time("now-24h", "now")
        .refresh("1m")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    for panel in TILES:
        builder = builder.with_panel(_tile(panel).span(_WIDTH // len(TILES)).height(4))
    for title, panels in ROWS.items():
        builder = builder.with_row(dashboard.Row(title))
        for panel in panels:
            builder = builder.with_panel(_graph(panel).span(_WIDTH // min(len(panels), 3)).height(8))
    return builder.build()


def _tile(panel: Panel) -> stat.Panel:
    found = stat.Panel().title(panel.title).description(panel.description).unit(panel.unit).datasource(_SOURCE)
    return found.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).targets(_queries(panel))


def _graph(panel: Panel) -> timeseries.Panel:
    found = timeseries.Panel().title(panel.title).description(panel.description).unit(panel.unit).datasource(_SOURCE)
    legend = common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    found = found.legend(legend.display_mode(LegendDisplayMode.LIST)).tooltip(tooltip)
    return found.fill_opacity(10).targets(_queries(panel))


def _queries(panel: Panel) -> list[Builder[Dataquery]]:
    return [
        prometheus.Dataquery().ref_id(chr(ord("A") + number)).expr(expression).legend_format(legend).datasource(_SOURCE)
        for number, (legend, expression) in enumerate(panel.queries.items())
    ]


def write() -> str:
    """Return the dashboard as the JSON that Grafana is provisioned with."""
    return json.dumps(make_dashboard(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(write())
