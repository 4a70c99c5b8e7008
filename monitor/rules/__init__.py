"""YAML rules: which changes interest whom."""

from monitor.rules.entry import field_names, json_schema
from monitor.rules.live import LiveRules
from monitor.rules.load import load_rules, parse_rule
from monitor.rules.own import (
    OwnWish,
    WishError,
    own_id_of,
    own_wish,
    plain,
    region_hint,
    regions_asked,
)
from monitor.rules.rule import Known, Rule, TargetCondition, TemplateFile
from monitor.rules.ruleset import RuleSet, explain_match, fold

__all__ = [
    "Known",
    "LiveRules",
    "OwnWish",
    "Rule",
    "RuleSet",
    "TargetCondition",
    "TemplateFile",
    "WishError",
    "explain_match",
    "field_names",
    "fold",
    "json_schema",
    "load_rules",
    "own_id_of",
    "own_wish",
    "parse_rule",
    "plain",
    "region_hint",
    "regions_asked",
]
