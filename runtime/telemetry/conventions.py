"""Names of the semantic conventions for generative AI, v0.1.0.

https://github.com/open-telemetry/semantic-conventions-genai
"""

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
AGENT = "gen_ai.agent.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - a name
SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
ERROR_TYPE = "error.type"

WORKFLOW = "invoke_workflow"

_PROVIDERS = {"gemini": "gcp.gemini"}
_OPERATIONS = {"gemini": "generate_content"}

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Bounds of histograms of durations, as the conventions want them."""

TOKENS = tuple(float(4**power) for power in range(14))
"""Bounds of histograms of tokens, from 1 to 67,108,864."""


def provider_name(provider: str) -> str:
    """Return a provider's name in the conventions, its own where they have none."""
    return _PROVIDERS.get(provider, provider)


def operation_name(provider: str) -> str:
    """Return what asking a provider's models is called."""
    return _OPERATIONS.get(provider, "chat")
