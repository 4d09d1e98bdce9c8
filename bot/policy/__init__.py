"""Read a repository's rules and decide who may start what.

``rules`` are the values that hold, ``document`` reads ``.github/forgehand.yml`` and explains it, ``loader`` fetches it
from the default branch, ``organisation`` says what the owner's
file closes, ``permission`` answers whether an actor may. What sections and commands there are comes from
the task declarations, as a :class:`PolicySchema`.
"""

from bot.policy.document import PATH, default_policy, describe, list_values, parse_policy
from bot.policy.loader import DefaultBranch, PolicyLoader
from bot.policy.organisation import OPEN, Approval, Governed, OrganisationFile, parse_organisation
from bot.policy.permission import Decision, Level, may
from bot.policy.reading import PolicyError
from bot.policy.rules import Dollars, Policy, PublishPolicy, TaskRules
from bot.policy.schema import READERS, WRITERS, CommandRule, PolicySchema

__all__ = [
    "OPEN",
    "PATH",
    "READERS",
    "WRITERS",
    "Approval",
    "CommandRule",
    "Decision",
    "DefaultBranch",
    "Dollars",
    "Governed",
    "Level",
    "OrganisationFile",
    "Policy",
    "PolicyError",
    "PolicyLoader",
    "PolicySchema",
    "PublishPolicy",
    "TaskRules",
    "default_policy",
    "describe",
    "list_values",
    "may",
    "parse_organisation",
    "parse_policy",
]
