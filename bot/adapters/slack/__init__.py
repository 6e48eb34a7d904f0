"""The adapter for Slack; nothing else knows slack_bolt or slack_sdk."""
