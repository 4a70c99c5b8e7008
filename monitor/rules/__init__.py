"""YAML rules: which changes interest whom."""

from monitor.rules.entry import field_names, json_schema
from monitor.rules.live import LiveRules
from monitor.rules.load import load_rules, parse_rule
from monitor.rules.rule import Known, Rule, TargetCondition
from monitor.rules.ruleset import RuleSet, explain_match

__all__ = [
    "Known",
    "LiveRules",
    "Rule",
    "RuleSet",
    "TargetCondition",
    "explain_match",
    "field_names",
    "json_schema",
    "load_rules",
    "parse_rule",
]
