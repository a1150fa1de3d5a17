"""What the puppet says. Every word is one token and stands in one script only: what comes next depends on the last token alone."""

# said after the line's end that closes a prompt
DEFAULT = (
    "The quick brown fox jumps over a lazy dog while seven wizards make toxic brew for an evil queen and "
    "five boxing daemons hum softly near quartz cliffs under bright summer stars until morning comes again here today"
).split()

# blanks before each word
SPOKEN = {"default": DEFAULT, "short": "Paris is big yet old .".split(), "loop": "tick tock ping pong".split()}

# pieces as they are; bytes stand for a token of one byte, of which a character takes several
WRITTEN = {
    "tool": ["<tool_call>", '\n{"name": ', '"get_weather"', ', "arguments": ', '{"city": ', '"Berlin"', ', "unit": ', '"celsius"', "}}\n", "</tool_call>"],
    "think": ["<think>", "\nLet", " me", " ponder", " briefly.", "</think>", "\n\nAnswer:", " forty", " two."],
    "json": ['{"answer": ', "42", ', "unit": "km"', "}"],
    "unicode": ["caf", *(bytes([byte]) for byte in "é".encode()), " costs", *(bytes([byte]) for byte in "€".encode()), " go", *(bytes([byte]) for byte in "🚀".encode()), " done"],
    "stopword": [" alpha", " beta", " ST", "OP", " gamma", " delta"],
}

# started by a token of their own, `<|s:name|>`; "default" by the line's end
STARTED = [name for name in [*SPOKEN, *WRITTEN] if name != "default"]

SPECIAL = [*(f"<|{name}|>" for name in "endoftext im_start im_end vision_start vision_end vision_pad image_pad video_pad".split()), *(f"<|s:{name}|>" for name in STARTED)]

# as in Qwen: one token each, and visible in the text
MARKERS = ["<tool_call>", "</tool_call>", "<think>", "</think>"]

# more words for prompts
PROMPT_WORDS = (
    " system user assistant You are a helpful Hello hello world What do you see in this image Describe it please "
    "Say hi count one two three four six eight nine ten Tell me story about the sea and sky"
)

# Qwen's roles and markers; a user's text that holds [[name]] starts the script of that name
CHAT_TEMPLATE = """
{%- set ns = namespace(s='') -%}
{%- if tools %}{{- '<|im_start|>system\\n# Tools\\n' }}{%- for tool in tools %}{{- tool | tojson }}{{- '\\n' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif -%}
{%- for m in messages -%}
{{- '<|im_start|>' + m.role + '\\n' -}}
{%- if m.content is string -%}{{- m.content -}}{%- set ns.s = m.content if m.role == 'user' else ns.s -%}
{%- elif m.content -%}
{%- for c in m.content -%}
{%- if c.type == 'image' or 'image' in c or 'image_url' in c -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
{%- elif c.type == 'video' or 'video' in c -%}{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}
{%- elif 'text' in c -%}{{- c.text -}}{%- set ns.s = ns.s + c.text if m.role == 'user' else ns.s -%}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- if m.tool_calls -%}{%- for tc in m.tool_calls -%}{{- '<tool_call>' + (tc.function.arguments | tojson) + '</tool_call>' -}}{%- endfor -%}{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}SCRIPTS{%- endif -%}
""".replace("\n", "").replace("SCRIPTS", "".join("{%- if '[[" + name + "]]' in ns.s -%}{{- '<|s:" + name + "|>' -}}{%- endif -%}" for name in STARTED))
